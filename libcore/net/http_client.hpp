// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <memory>

#include "net/http_message.hpp"
#include "net/tls_options.hpp"

namespace boost::asio {
class io_context;
}

namespace airy::net {

struct HttpClientOptions {
    TlsOptions tls;
    bool keep_alive = true;                    // false: each request has a connection of its own
    std::size_t connections_per_origin = 100;  // further requests wait, in order
    // Being made at once; further ones wait, so that a burst does not overrun a server's backlog.
    std::size_t connecting_per_origin = 100;
    std::chrono::milliseconds idle_limit = std::chrono::seconds(30);  // of a connection kept
};

// An HTTP/1.1 client (RFC 9112) for the coroutines of one loop, which one thread runs and which
// must outlive it. Requests that are under way when the client is destroyed go on.
class HttpClient {
  public:
    HttpClient(boost::asio::io_context& loop, HttpClientOptions options);
    ~HttpClient();
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    // Reads the files of the TLS options now, not for the first request that needs them. Throws as
    // make_tls_context does.
    void prepare_tls();

    // Returns the server's answer, of any status, once its body is complete. The request's deadline
    // covers waiting for a connection, resolving, connecting, TLS, writing and reading. On a kept
    // connection that ends before any of the answer has come, a request that may be repeated is
    // sent once more.
    //
    // Throws an Error of kind `unreachable` whose message is the bare reason, e.g. "connection
    // refused" or "no answer within 2 s": once there was a connection, its reason is answer_late or
    // connection_lost, and the server may have received the request; before, it is neither. Throws
    // Error{usage} for a request that cannot be sent, and system_error (operation_aborted) when the
    // caller is cancelled, by Asio's terminal cancellation.
    boost::asio::awaitable<HttpResponse> request(HttpRequest request);

  private:
    struct State;
    std::shared_ptr<State> state_;  // shared with the requests under way
};

}  // namespace airy::net
