// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "net/http_get.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <utility>

#include "net/http_client.hpp"

namespace airy::net {
namespace {

// About 1 KiB a queue in an answer of the management API: far beyond any broker that works.
constexpr std::uint64_t json_limit = 256 << 20;  // bytes

}  // namespace

HttpResponse http_request(HttpRequest request, const TlsOptions& tls) {
    boost::asio::io_context loop{1};
    HttpClientOptions options;
    options.tls = tls;
    options.keep_alive = false;
    HttpClient client(loop, std::move(options));
    HttpResponse response;
    std::exception_ptr failure;
    boost::asio::co_spawn(loop, client.request(std::move(request)),
                          [&](std::exception_ptr error, HttpResponse answer) {
                              failure = std::move(error);
                              response = std::move(answer);
                          });
    loop.run();
    if (failure) std::rethrow_exception(failure);
    return response;
}

HttpResponse http_get(const HttpUrl& url, std::string_view target, const TlsOptions& tls,
                      std::chrono::milliseconds deadline) {
    HttpRequest request;
    request.url = url;
    request.target = target;
    request.headers = {{"Accept", "application/json"}};
    request.deadline = deadline;
    request.body_limit = json_limit;
    return http_request(std::move(request), tls);
}

}  // namespace airy::net
