// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string_view>

#include "net/http_message.hpp"
#include "net/tls_options.hpp"

namespace airy::net {

// One request over a connection of its own, for callers without a loop: blocks until the answer has
// come or the request's deadline is over. Throws as HttpClient::request does. Any thread.
HttpResponse http_request(HttpRequest request, const TlsOptions& tls);

// GET of JSON. `target` is percent-encoded, begins with `/`, and is appended to the URL's prefix.
HttpResponse http_get(const HttpUrl& url, std::string_view target, const TlsOptions& tls,
                      std::chrono::milliseconds deadline);

}  // namespace airy::net
