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

// One kind of broker: the schemes of its URLs, the functions for such a URL, the broker's
// capabilities, and its constructor. No code outside the table asks for the kind of a broker.
struct Scheme {
    std::string_view name;                       // in sentences: "RabbitMQ"
    std::span<const std::string_view> prefixes;  // of its URLs, in lower case: "amqp:"
    std::string_view form;                       // of its URLs, for helps and hints
    Capabilities can;
    // For hints: the ways around capabilities that the broker lacks.
    std::span<const std::pair<Capability, std::string_view>> instead;

    // The URL masked for display, without its password, and with another password; the URL itself
    // for a broker without logins. Never throw.
    std::string (*masked)(std::string_view url);
    std::string (*without_password)(std::string_view url);
    std::string (*with_password)(std::string_view url, std::string_view password);
    // Empty for a broker without logins. Throws Error{usage} for a URL that cannot be used.
    std::string (*password_of)(std::string_view url);

    // Throws Error{usage} for a URL that cannot be used. Connects to nothing yet.
    std::unique_ptr<Broker> (*make)(const Endpoint& endpoint);
};

// Every kind of broker.
std::span<const Scheme> schemes() noexcept;

// The row of this URL, whose scheme may be in capitals; the first row for an unknown scheme, which
// `connect` refuses.
const Scheme& scheme_of(std::string_view url) noexcept;

// The forms of all rows: "amqp://…; or sqlite:FILE".
std::string url_forms();

// Throws Error{unsupported} that names the capability, and a way around it, when the broker of this
// URL lacks it.
void require(std::string_view url, Capability capability);

}  // namespace airy::mq
