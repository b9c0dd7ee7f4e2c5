// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "mq/endpoint.hpp"

namespace airy::inspect {

// Where an HTTP server is. `prefix` is the path before what is asked for, without a slash at its
// end.
struct HttpUrl {
    bool tls = false;
    std::string host;
    std::uint16_t port = 0;
    std::string prefix;
    std::string user;  // empty: no login
    std::string password;

    // `http://host:port/prefix`, never with a login: fit to be shown.
    std::string shown() const;
};

// Reads `http://[user[:password]@]host[:port][/prefix]` or https://; without a port it is 15672, or
// 15671 for https, as RabbitMQ's management plugin listens. Throws Error{usage} that never shows
// the login.
HttpUrl parse_http_url(std::string_view url);

// RFC 3986 section 2.1: everything but unreserved characters as %XX, so also `/`.
std::string percent_encode(std::string_view text);

struct HttpAnswer {
    unsigned status = 0;
    std::string body;
};

// Asks for `target` (encoded, begins with `/`; put behind the prefix) over a connection of its own
// and returns whatever the server answered. Resolving, connecting, TLS and the whole answer are
// done within `deadline`, or given up. Throws Error{unreachable} whose message is the bare reason,
// e.g. "connection refused". Any thread.
HttpAnswer http_get(const HttpUrl& url, std::string_view target, const mq::TlsOptions& tls,
                    std::chrono::milliseconds deadline);

}  // namespace airy::inspect
