// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mq/reconnect.hpp"
#include "net/tls_options.hpp"

namespace airy::mq {

using net::TlsOptions;

// Where the broker is and how to speak to it.
struct Endpoint {
    std::string url = "amqp://guest:guest@localhost:5672/";
    TlsOptions tls;
    std::string connection_name = "airy";  // shown by the broker's own tools
    std::chrono::seconds heartbeat{30};
    std::chrono::milliseconds connect_timeout{10'000};  // TCP, TLS and login together, all hosts
    ReconnectPolicy reconnect;
    // Connecting ends with Error{unreachable} once this is readable, e.g. a SignalFd's; -1: none.
    // Borrowed; of no use once connected.
    int interrupt_fd = -1;
};

struct AmqpHost {
    std::string host;
    std::uint16_t port = 0;
    bool operator==(const AmqpHost&) const = default;
};

// The parts of an amqp:// or amqps:// URL, percent-decoded
// (https://www.rabbitmq.com/uri-spec.html). Several hosts may be named: amqp://a:5672,b,c/vhost.
struct AmqpUrl {
    bool tls = false;
    std::string host;
    std::uint16_t port = 0;
    std::vector<AmqpHost>
        more_hosts;  // of the same cluster, to be tried when the first is not there
    std::string user;
    std::string password;
    std::string vhost;
    std::optional<std::chrono::seconds> heartbeat;  // `?heartbeat=`
};

// Whether the URL is one of a broker that is reached by AMQP, not of the embedded one (sqlite:).
bool speaks_amqp(std::string_view url) noexcept;

// Throws Error{usage} that names the part which is wrong, never the password. A parameter behind
// the `?` that changes nothing here is wrong, too.
AmqpUrl parse_amqp_url(std::string_view url);

// The URL as it may be shown: the password replaced by `***`. Never throws; what cannot be parsed
// is shown with everything between the first `:` after `//` and the last `@` replaced.
std::string masked_url(std::string_view url);

// The URL without `:PASSWORD`. Never throws.
std::string url_without_password(std::string_view url);

}  // namespace airy::mq
