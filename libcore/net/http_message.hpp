// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/http_url.hpp"

namespace airy::net {

struct HttpHeader {
    std::string name;
    std::string value;
};

struct HttpRequest {
    HttpUrl url;
    std::string method = "GET";
    std::string target = "/";  // percent-encoded, begins with `/`; appended to the URL's prefix
    // The client adds Host, Content-Length and Connection, and, unless they are here, User-Agent
    // and (for the URL's login) Authorization.
    std::vector<HttpHeader> headers;
    std::string body;
    // The body, where `body` is empty; the text outlives the request.
    std::string_view borrowed_body{};
    std::chrono::milliseconds deadline = std::chrono::seconds(10);  // of the whole exchange
    std::uint64_t body_limit = 16 << 20;                            // bytes of the answer's body
    // Set: so many bytes of the answer's body are kept, and the rest is dropped. An answer longer
    // than `body_limit` is then complete once so much of it was read; its connection is closed.
    std::optional<std::size_t> keep{};
    // True: the request may reach the server twice. A request with an idempotent method (RFC 9110
    // section 9.2.2) always may.
    bool repeatable = false;

    std::string_view content() const noexcept { return body.empty() ? borrowed_body : body; }
};

struct HttpResponse {
    unsigned status = 0;
    std::vector<HttpHeader> headers;
    std::string body;
    bool cut = false;  // the answer's body was longer than `HttpRequest::keep`

    // The value of the first header of this name, upper or lower case; null when there is none.
    const std::string* header(std::string_view name) const noexcept;
};

// The request line and the headers (RFC 9112), with the blank line. Throws Error{usage} when the
// method, the target or a header, which may hold text from outside, would break its line.
std::string http_request_head(const HttpRequest& request, bool keep_alive);

bool is_idempotent(std::string_view method) noexcept;

}  // namespace airy::net
