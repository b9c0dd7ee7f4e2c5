// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace airy::net {

// The address of an HTTP server. `prefix` is the path before a request's target, without a slash at
// its end.
struct HttpUrl {
    bool tls = false;
    std::string host;
    std::uint16_t port = 0;
    std::string prefix;
    std::string user;  // empty: no login
    std::string password;

    // `http://host:port/prefix`, never with a login: safe to show.
    std::string shown() const;
};

// One kind of HTTP URL: its defaults, and its name in errors.
struct HttpUrlKind {
    std::string_view name = "URL";
    std::uint16_t port = 80;
    std::uint16_t tls_port = 443;
    std::string_view hint = "it reads http://HOST:PORT/PATH or https://HOST:PORT/PATH";
};

// Reads `http://[user[:password]@]host[:port][/prefix]` or https://. Throws Error{usage} that never
// shows the login.
HttpUrl parse_http_url(std::string_view url, const HttpUrlKind& kind = {});

// One resource of an HTTP server: `target` is the path and the query of its URL as given, and
// begins with `/`. The prefix of `server` is empty.
struct HttpResource {
    HttpUrl server;
    std::string target;
};

// Reads `http://[user[:password]@]host[:port][/path][?query]` or https://. Throws as parse_http_url
// does.
HttpResource parse_http_resource(std::string_view url, const HttpUrlKind& kind = {});

}  // namespace airy::net
