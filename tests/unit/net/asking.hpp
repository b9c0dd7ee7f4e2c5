// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <string>
#include <utility>

#include "net/http_client.hpp"
#include "util/error.hpp"

namespace airy::test {

// The result of one request.
struct Asked {
    net::HttpResponse response;
    std::string failure;   // empty: none
    bool aborted = false;  // by `signal`
    bool done = false;
    boost::asio::cancellation_signal signal;
};

// Starts a request on the loop; `asked` must outlive it.
inline void begin(boost::asio::io_context& loop, net::HttpClient& client, net::HttpRequest request,
                  Asked& asked) {
    boost::asio::co_spawn(
        loop, client.request(std::move(request)),
        boost::asio::bind_cancellation_slot(
            asked.signal.slot(), [&asked](std::exception_ptr error, net::HttpResponse response) {
                asked.done = true;
                asked.response = std::move(response);
                try {
                    if (error) std::rethrow_exception(error);
                } catch (const Error& failed) {
                    asked.failure = failed.what();
                } catch (const boost::system::system_error& failed) {
                    asked.aborted = failed.code() == boost::asio::error::operation_aborted;
                }
            }));
}

// Runs one request to its end; returns the body, or `! ` and the failure.
inline std::string ask(boost::asio::io_context& loop, net::HttpClient& client,
                       net::HttpRequest request) {
    Asked asked;
    begin(loop, client, std::move(request), asked);
    loop.restart();
    loop.run();
    return asked.failure.empty() ? asked.response.body : "! " + asked.failure;
}

inline net::HttpRequest get(const std::string& url) {
    net::HttpRequest request;
    request.url = net::parse_http_url(url);
    return request;
}

}  // namespace airy::test
