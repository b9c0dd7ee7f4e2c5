// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace airy::mq::amqp {

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
    std::vector<AmqpHost> more_hosts;  // of the same cluster, tried when the first does not answer
    std::string user;
    std::string password;
    std::string vhost;
    std::optional<std::chrono::seconds> heartbeat;  // `?heartbeat=`
};

// Throws Error{usage} that names the wrong part, never the password. A parameter after the `?` that
// airy does not support is an error, too.
AmqpUrl parse_amqp_url(std::string_view url);

// The URL, safe to show: net::masked_url, with the values of harmless parameters.
std::string masked_amqp_url(std::string_view url);

// The URL without `:PASSWORD`. Never throws.
std::string without_password(std::string_view url);

// The URL with its password, if it has one, replaced by this one. Never throws.
std::string with_password(std::string_view url, std::string_view password);

// Whether the name or address of a URL is that of this machine's loopback.
bool is_this_host(std::string_view host) noexcept;

}  // namespace airy::mq::amqp
