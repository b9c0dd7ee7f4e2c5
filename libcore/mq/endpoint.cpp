// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/endpoint.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <iterator>

#include "util/error.hpp"
#include "util/text.hpp"

namespace airy::mq {
namespace {

constexpr std::string_view accepted =
    "a broker URL is amqp://USER:PASSWORD@HOST:PORT/VHOST, or amqps://…; hosts of a cluster are "
    "separated by commas, ?heartbeat=SECONDS may follow; or sqlite:FILE";

std::string about_url(std::string_view url, std::string_view why) {
    return fmt::format("cannot use the URL '{}': {}", util::printable(masked_url(url)), why);
}

Error bad_url(std::string_view url, std::string_view why) {
    return Error(ErrorKind::usage, about_url(url, why), std::string(accepted));
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::string decoded(std::string_view text, std::string_view url, std::string_view part) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        const int high = i + 1 < text.size() ? hex_digit(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
        if (high < 0 || low < 0)
            throw bad_url(url, fmt::format("a bare % in the {} (write it as %25)", part));
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    if (out.find('\0') != std::string::npos)
        throw bad_url(url, fmt::format("the {} holds a zero byte", part));
    if (out.size() > 255) throw bad_url(url, fmt::format("the {} is longer than 255 bytes", part));
    return out;
}

std::uint16_t port_number(std::string_view text, std::string_view url) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value == 0 || value > 65535)
        throw bad_url(url, fmt::format("the port '{}' is no number from 1 to 65535", text));
    return static_cast<std::uint16_t>(value);
}

AmqpHost parse_host_port(std::string_view text, std::string_view url, std::uint16_t default_port) {
    AmqpHost out{{}, default_port};
    std::string_view port;
    if (text.starts_with('[')) {
        const auto close = text.find(']');
        if (close == std::string_view::npos)
            throw bad_url(url, "the [ of the address is not closed");
        out.host = text.substr(1, close - 1);
        const auto rest = text.substr(close + 1);
        if (!rest.empty() && rest[0] != ':') throw bad_url(url, "something stands behind the ]");
        if (!rest.empty()) port = rest.substr(1);
    } else {
        const auto colon = text.find(':');
        out.host = decoded(text.substr(0, colon), url, "host");
        if (colon != std::string_view::npos) port = text.substr(colon + 1);
    }
    if (out.host.empty()) out.host = "localhost";
    if (!port.empty()) out.port = port_number(port, url);
    return out;
}

// `a:5672,b,[::1]:5673`: the hosts of one cluster.
void parse_hosts(std::string_view text, std::string_view url, AmqpUrl& out) {
    std::vector<AmqpHost> hosts;
    for (bool more = true; more;) {
        const auto comma = text.find(',');
        more = comma != std::string_view::npos;
        if ((more && comma == 0) || (text.empty() && !hosts.empty()))
            throw bad_url(url, "an empty name among its hosts");
        hosts.push_back(parse_host_port(text.substr(0, comma), url, out.port));
        if (more) text.remove_prefix(comma + 1);
    }
    out.host = hosts[0].host;
    out.port = hosts[0].port;
    out.more_hosts.assign(hosts.begin() + 1, hosts.end());
}

std::chrono::seconds parse_heartbeat(std::string_view value, std::string_view url) {
    unsigned seconds = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (error != std::errc() || end != value.data() + value.size() || seconds > 65535)
        throw bad_url(url, "heartbeat is no number of seconds from 0 to 65535");
    return std::chrono::seconds(seconds);
}

// The parameters that RabbitMQ's Erlang client takes
// (https://www.rabbitmq.com/docs/uri-query-parameters, amqp_uri.erl), and what does the same here.
// Each but the first asks for what a URL cannot tell airy; saying nothing would be believed. Some
// are options of their own: the program's hint names them.
struct Parameter {
    std::string_view name;
    std::string_view only_value;  // which is how it is anyway
    bool has_option;
};
constexpr Parameter parameters[] = {{"heartbeat", "", false},
                                    {"connection_timeout", "", true},
                                    {"cacertfile", "", true},
                                    {"certfile", "", true},
                                    {"keyfile", "", true},
                                    {"verify", "verify_peer", true},
                                    {"auth_mechanism", "plain", false},
                                    {"server_name_indication", "", false},
                                    {"fail_if_no_peer_cert", "", false},
                                    {"password", "", false},
                                    {"depth", "", false},
                                    {"channel_max", "", false},
                                    {"frame_max", "", false}};

Error unknown_parameter(std::string_view name, std::string_view url) {
    std::vector<std::string_view> names;
    for (const auto& parameter : parameters)
        names.push_back(parameter.name);
    const auto near = util::nearest(name, names);
    return bad_url(url, fmt::format("there is no parameter '{}'{}", util::printable(name),
                                    near.empty() ? "" : fmt::format(", did you mean '{}'?", near)));
}

// `heartbeat=5&…`
void parse_query(std::string_view query, std::string_view url, AmqpUrl& out) {
    while (!query.empty()) {
        const auto item = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), item.size() + 1));
        if (item.empty()) continue;
        const auto equals = item.find('=');
        const auto name = item.substr(0, equals);
        const auto value = equals == std::string_view::npos ? "" : item.substr(equals + 1);
        const auto* const known = std::ranges::find(parameters, name, &Parameter::name);
        if (known == std::end(parameters)) throw unknown_parameter(name, url);
        if (name == "heartbeat") {
            out.heartbeat = parse_heartbeat(value, url);
        } else if (known->only_value.empty() || value != known->only_value) {
            if (known->has_option)
                throw Error(Reason::url_parameter_elsewhere,
                            about_url(url, fmt::format("{} is an option of its own", name)))
                    .about(std::string(name));
            throw bad_url(url, fmt::format("airy cannot do what {} asks for", name));
        }
    }
}

}  // namespace

bool speaks_amqp(std::string_view url) noexcept {
    return !url.starts_with("sqlite:");
}

AmqpUrl parse_amqp_url(std::string_view url) {
    AmqpUrl out;
    const auto scheme_end = url.find("://");
    if (scheme_end == std::string_view::npos)
        throw bad_url(url, "it has no scheme such as amqp://");
    const auto scheme = url.substr(0, scheme_end);
    if (scheme == "amqps")
        out.tls = true;
    else if (scheme != "amqp")
        throw bad_url(url, fmt::format("the scheme '{}' is not known", scheme));
    out.port = out.tls ? 5671 : 5672;

    std::string_view rest = url.substr(scheme_end + 3);
    if (const auto query = rest.find('?'); query != std::string_view::npos) {
        parse_query(rest.substr(query + 1), url, out);
        rest = rest.substr(0, query);
    }
    const auto slash = rest.find('/');
    std::string_view authority = rest.substr(0, slash);
    std::string_view path = slash == std::string_view::npos ? "" : rest.substr(slash + 1);
    if (path.find('/') != std::string_view::npos)
        throw bad_url(url, "a / within the vhost (write it as %2F)");

    out.user = "guest";
    out.password = "guest";
    if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
        const auto login = authority.substr(0, at);
        const auto colon = login.find(':');
        out.user = decoded(login.substr(0, colon), url, "user");
        out.password = colon == std::string_view::npos
                           ? std::string()
                           : decoded(login.substr(colon + 1), url, "password");
        authority = authority.substr(at + 1);
    }
    parse_hosts(authority, url, out);
    out.vhost = path.empty() ? "/" : decoded(path, url, "vhost");
    return out;
}

namespace {

// The colon before the password, and the @ behind it.
struct PasswordPlace {
    std::size_t colon;
    std::size_t at;
};

std::optional<PasswordPlace> find_password(std::string_view url) {
    if (!speaks_amqp(url)) return std::nullopt;
    const auto scheme = url.find("://");
    const std::size_t start = scheme == std::string_view::npos ? 0 : scheme + 3;
    const auto at = url.rfind('@');
    if (at == std::string_view::npos || at < start) return std::nullopt;
    const auto colon = url.find(':', start);
    if (colon == std::string_view::npos || colon > at) return std::nullopt;
    return PasswordPlace{colon, at};
}

}  // namespace

std::string masked_url(std::string_view url) {
    std::string shown(url);
    if (const auto place = find_password(url))
        shown.replace(place->colon, place->at - place->colon, ":***");
    // The one of a key file, which is refused, but shown in that error.
    if (const auto query = shown.rfind('?'); speaks_amqp(url) && query != std::string::npos)
        for (auto at = query; at != std::string::npos; at = shown.find('&', at + 1))
            if (shown.compare(at + 1, 9, "password=") == 0)
                shown.replace(at + 10, shown.find('&', at + 1) - (at + 10), "***");
    return shown;
}

std::string url_without_password(std::string_view url) {
    const auto place = find_password(url);
    if (!place) return std::string(url);
    return std::string(url.substr(0, place->colon)) + std::string(url.substr(place->at));
}

}  // namespace airy::mq
