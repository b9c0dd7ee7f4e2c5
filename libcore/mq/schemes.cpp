// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// The one place that knows which brokers there are; a library of its own for that reason.
#include "mq/schemes.hpp"

#include <fmt/core.h>
#include <strings.h>

#include <algorithm>

#include "mq/amqp/broker.hpp"
#include "mq/amqp/url.hpp"
#include "mq/embedded/broker.hpp"
#include "mq/embedded/location.hpp"
#include "net/url.hpp"
#include "util/error.hpp"
#include "util/text.hpp"

namespace airy::mq {
namespace {

std::string unchanged(std::string_view url) {
    return std::string(url);
}

template <typename Kind>
std::unique_ptr<Broker> make(const Endpoint& endpoint) {
    return std::make_unique<Kind>(endpoint);
}

constexpr std::string_view amqp_prefixes[] = {"amqp:", "amqps:"};
constexpr std::string_view embedded_prefixes[] = {"sqlite:"};

constexpr std::pair<Capability, std::string_view> instead_of_embedded[] = {
    {Capability::stream_queue, "with sqlite:PATH?retain=24h it keeps published messages"},
};

constexpr Scheme rows[] = {
    {.name = "RabbitMQ",
     .prefixes = amqp_prefixes,
     .form = "amqp://USER:PASSWORD@HOST:PORT/VHOST, or amqps://…",
     .can = {Capability::login, Capability::priority, Capability::peek, Capability::purge,
             Capability::per_message_ttl, Capability::exclusive_queue, Capability::delivery_count,
             Capability::dead_letter, Capability::stream_queue, Capability::inventory,
             Capability::rates, Capability::alarms},
     .instead = {},
     .masked = amqp::masked_amqp_url,
     .without_password = amqp::without_password,
     .with_password = amqp::with_password,
     .password_of = [](std::string_view url) { return amqp::parse_amqp_url(url).password; },
     .make = make<amqp::AmqpBroker>},
    {.name = "the embedded broker",
     .prefixes = embedded_prefixes,
     .form = "sqlite:FILE for the embedded broker",
     .can = {Capability::priority, Capability::peek, Capability::purge, Capability::per_message_ttl,
             Capability::exclusive_queue, Capability::delivery_count, Capability::dead_letter,
             Capability::inventory, Capability::alarms},
     .instead = instead_of_embedded,
     .masked = embedded::masked_location,
     .without_password = unchanged,
     .with_password = [](std::string_view url, std::string_view) { return std::string(url); },
     .password_of = [](std::string_view) { return std::string(); },
     .make = make<embedded::EmbeddedBroker>},
};

bool begins_with(std::string_view url, std::string_view prefix) noexcept {
    return url.size() >= prefix.size() &&
           ::strncasecmp(url.data(), prefix.data(), prefix.size()) == 0;
}

// Null for an unknown scheme.
const Scheme* find_scheme(std::string_view url) noexcept {
    const auto* const row = std::ranges::find_if(rows, [url](const Scheme& scheme) {
        return std::ranges::any_of(
            scheme.prefixes, [url](std::string_view prefix) { return begins_with(url, prefix); });
    });
    return row == std::end(rows) ? nullptr : row;
}

Error unknown_scheme(std::string_view url) {
    const auto parts = net::split_url(url);
    const auto why =
        !parts || parts->scheme.empty()
            ? std::string("it does not begin with a scheme, as in amqp://HOST")
            : fmt::format("the scheme '{}' is not known", util::printable(parts->scheme));
    return Error(ErrorKind::usage,
                 fmt::format("cannot use the URL '{}': {}", util::printable(masked_url(url)), why),
                 fmt::format("a broker URL is {}", url_forms()));
}

// Whether the URL is the form of one, in capitals, or its secret is masked already.
bool is_form(std::string_view url) {
    const auto secrets = net::find_secrets(url);
    return std::ranges::all_of(secrets, [url](const net::TextPlace& place) {
        const auto secret = url.substr(place.begin, place.end - place.begin);
        return secret.empty() || secret == "PASSWORD" || secret == "USER:PASSWORD" ||
               secret == "PORT" || secret == "***";
    });
}

// A long text is cut: then the `@` behind a password may be missing.
std::string masked_word(std::string_view url) {
    constexpr std::string_view cut = "…";
    const auto authority = url.find("://") + 3;
    const auto colon = url.find(':', authority);
    if (url.ends_with(cut) && colon != url.npos && url.find('@', authority) == url.npos)
        return fmt::format("{}:***{}", url.substr(0, colon), cut);
    return masked_url(url);
}

}  // namespace

std::span<const Scheme> schemes() noexcept {
    return rows;
}

const Scheme& scheme_of(std::string_view url) noexcept {
    const auto* const row = find_scheme(url);
    return row == nullptr ? rows[0] : *row;
}

std::string url_forms() {
    std::string forms;
    for (const auto& scheme : rows)
        forms.append(forms.empty() ? "" : "; or ").append(scheme.form);
    return forms;
}

void require(std::string_view url, Capability capability) {
    const auto& scheme = scheme_of(url);
    if (scheme.can.has(capability)) return;
    const auto instead = std::ranges::find(scheme.instead, capability,
                                           &std::pair<Capability, std::string_view>::first);
    throw Error(Reason::unsupported, fmt::format("{} lacks {}", scheme.name, name_of(capability)),
                instead == scheme.instead.end() ? std::string() : std::string(instead->second))
        .about(std::string(name_of(capability)));
}

std::string masked_url(std::string_view url) {
    const auto* const scheme = find_scheme(url);
    return scheme == nullptr ? net::masked_url(url) : scheme->masked(url);
}

std::string masked_text(std::string_view text) {
    std::string shown;
    std::size_t from = 0;
    for (const auto& place : net::find_url_words(text)) {
        auto word = text.substr(place.begin, place.end - place.begin);
        const auto last = word.find_last_not_of(",;:.)");
        word = word.substr(0, last + 1);
        shown.append(text.substr(from, place.begin - from));
        shown.append(is_form(word) ? std::string(word) : masked_word(word));
        from = place.begin + word.size();
    }
    return shown.append(text.substr(from));
}

std::unique_ptr<Broker> connect(const Endpoint& endpoint) {
    const auto* const scheme = find_scheme(endpoint.url);
    if (scheme == nullptr) throw unknown_scheme(endpoint.url);
    return scheme->make(endpoint);
}

}  // namespace airy::mq
