// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/url.hpp"

#include <fmt/core.h>
#include <strings.h>

#include <algorithm>
#include <charconv>
#include <iterator>

#include "net/percent.hpp"
#include "net/url.hpp"
#include "util/error.hpp"
#include "util/text.hpp"

namespace airy::mq::amqp {
namespace {

constexpr std::string_view accepted =
    "a broker URL is amqp://USER:PASSWORD@HOST:PORT/VHOST, or amqps://…; hosts of a cluster are "
    "separated by commas, ?heartbeat=SECONDS may follow";

// The parameters whose values may be shown.
constexpr std::string_view open_names[] = {
    "heartbeat", "connection_timeout", "verify",   "auth_mechanism",
    "depth",     "channel_max",        "frame_max"};

std::string about_url(std::string_view url, std::string_view why) {
    return fmt::format("cannot use the URL '{}': {}", util::printable(masked_amqp_url(url)), why);
}

Error bad_url(std::string_view url, std::string_view why) {
    return Error(ErrorKind::usage, about_url(url, why), std::string(accepted));
}

std::string decoded(std::string_view text, std::string_view url, std::string_view part) {
    std::string out;
    if (net::percent_decode(text, out))
        throw bad_url(url, fmt::format("a bare % in the {} (write it as %25)", part));
    if (out.find('\0') != std::string::npos)
        throw bad_url(url, fmt::format("the {} holds a zero byte", part));
    if (out.size() > 255) throw bad_url(url, fmt::format("the {} is longer than 255 bytes", part));
    return out;
}

Error bad_port(std::string_view text, std::string_view url) {
    if (!net::may_show(url, text)) return bad_url(url, "the port is not a number from 1 to 65535");
    return bad_url(
        url, fmt::format("the port '{}' is not a number from 1 to 65535", util::printable(text)));
}

AmqpHost parse_host_port(std::string_view text, std::string_view url, std::uint16_t default_port) {
    net::HostPort split;
    if (const auto fault = net::split_host_port(text, split))
        throw bad_url(url, *fault == net::HostFault::open_bracket
                               ? "the [ of the address is not closed"
                               : "there is text after the ]");
    AmqpHost out{std::string(split.host), default_port};
    if (!split.bracketed) {
        if (const auto colon = split.host.find(':'); colon != split.host.npos)
            throw bad_port(text.substr(colon + 1), url);
        out.host = decoded(split.host, url, "host");
    }
    if (net::has_control(out.host) || out.host.find(' ') != std::string::npos)
        throw bad_url(url, "the host has a blank or a control character");
    if (out.host.empty()) out.host = "localhost";
    if (split.port && !split.port->empty()) {
        out.port = net::parse_port(*split.port).value_or(0);
        if (out.port == 0) throw bad_port(*split.port, url);
    }
    return out;
}

// `a:5672,b,[::1]:5673`: the hosts of one cluster.
void parse_hosts(std::string_view text, std::string_view url, AmqpUrl& out) {
    const auto names = net::split_hosts(text);
    for (const auto name : names) {
        if (names.size() > 1 && name.empty()) throw bad_url(url, "one of its hosts has no name");
        auto host = parse_host_port(name, url, out.tls ? 5671 : 5672);
        if (out.host.empty()) {
            out.host = std::move(host.host);
            out.port = host.port;
        } else {
            out.more_hosts.push_back(std::move(host));
        }
    }
}

std::chrono::seconds parse_heartbeat(std::string_view value, std::string_view url) {
    unsigned seconds = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (error != std::errc() || end != value.data() + value.size() || seconds > 65535)
        throw bad_url(url, "heartbeat is not a number of seconds from 0 to 65535");
    return std::chrono::seconds(seconds);
}

// The parameters that RabbitMQ's Erlang client takes
// (https://www.rabbitmq.com/docs/uri-query-parameters, amqp_uri.erl), and their counterparts here.
// airy reads the first and refuses the others, unless they ask for airy's fixed behaviour: a user
// would believe an ignored one. Some have an option of their own, which the program's hint names.
struct Parameter {
    std::string_view name;
    std::string_view only_value;  // airy's fixed behaviour
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
    if (!net::may_show(url, name)) return bad_url(url, "a parameter is not of the form NAME=VALUE");
    const auto near = util::nearest(name, names);
    return bad_url(url, fmt::format("there is no parameter '{}'{}", util::printable(name),
                                    near.empty() ? "" : fmt::format(", did you mean '{}'?", near)));
}

// `heartbeat=5&…`
void parse_query(std::string_view query, std::string_view url, AmqpUrl& out) {
    for (const auto& [name, value] : net::split_query(query)) {
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

AmqpUrl parse_amqp_url(std::string_view url) {
    AmqpUrl out;
    const auto parts = net::split_url(url);
    const std::string scheme(parts ? parts->scheme : "");
    out.tls = ::strcasecmp(scheme.c_str(), "amqps") == 0;
    if (!out.tls && ::strcasecmp(scheme.c_str(), "amqp") != 0)
        throw bad_url(url, "it does not begin with amqp:// or amqps://");
    if (net::has_control(url)) throw bad_url(url, "it has a control character");
    if (parts->login_unclear)
        throw Error(ErrorKind::usage,
                    about_url(url,
                              "an @ stands behind the host, so a / or ? before it would cut the "
                              "password"),
                    "in the password write / as %2F and ? as %3F, in the virtual host @ as %40");
    if (parts->query) parse_query(*parts->query, url, out);
    const auto path = parts->path.substr(std::min<std::size_t>(1, parts->path.size()));
    if (path.find('/') != path.npos) throw bad_url(url, "a / within the vhost (write it as %2F)");

    out.user = decoded(parts->user.value_or("guest"), url, "user");
    out.password = decoded(parts->password.value_or(parts->user ? "" : "guest"), url, "password");
    parse_hosts(parts->hosts, url, out);
    out.vhost = path.empty() ? "/" : decoded(path, url, "vhost");
    return out;
}

std::string masked_amqp_url(std::string_view url) {
    return net::masked_url(url, open_names);
}

std::string without_password(std::string_view url) {
    const auto place = net::find_password(url);
    if (!place) return std::string(url);
    return std::string(url.substr(0, place->begin)) + std::string(url.substr(place->end));
}

std::string with_password(std::string_view url, std::string_view password) {
    const auto parts = net::split_url(url);
    if (!parts || parts->login_unclear) return std::string(url);
    const auto start = parts->scheme.size() + 3;
    const auto host = static_cast<std::size_t>(parts->hosts.data() - url.data());
    return fmt::format("{}{}:{}@{}", url.substr(0, start), parts->user.value_or("guest"),
                       net::percent_encode(password), url.substr(host));
}

bool is_this_host(std::string_view host) noexcept {
    return host == "localhost" || host == "::1" || host.starts_with("127.");
}

}  // namespace airy::mq::amqp
