// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "mq/broker.hpp"
#include "mq/capabilities.hpp"

namespace airy::mq {

// One kind of broker: the schemes of its URLs, what can be done with such a URL, what the broker
// can do, and how it is made. Nobody outside the table asks which kind a broker is.
struct Scheme {
    std::string_view name;                       // in sentences: "RabbitMQ"
    std::span<const std::string_view> prefixes;  // of its URLs: "amqp:"
    Capabilities can;
    // What to do instead of what the broker cannot do, for hints.
    std::span<const std::pair<Capability, std::string_view>> instead;

    // The URL as it may be shown, without its password, and with another password; the URL itself
    // for a broker without logins. Never throw.
    std::string (*masked)(std::string_view url);
    std::string (*without_password)(std::string_view url);
    std::string (*with_password)(std::string_view url, std::string_view password);
    // Empty for a broker without logins. Throws Error{usage} for a URL that cannot be used.
    std::string (*password_of)(std::string_view url);

    // Throws Error{usage} for a URL that cannot be used. Connects to nothing yet.
    std::unique_ptr<Broker> (*make)(const Endpoint& endpoint);
};

// Every kind of broker there is.
std::span<const Scheme> schemes() noexcept;

// The row of this URL; the first row for a URL of no known scheme, whose parser says what is wrong.
const Scheme& scheme_of(std::string_view url) noexcept;

// Throws Error{unsupported} that names the capability, and what to do instead, where the broker of
// this URL lacks it.
void require(std::string_view url, Capability capability);

}  // namespace airy::mq
