// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// Beast is slow to compile: it is included here and in metrics_server.cpp, and nowhere else.
#include "inspect/http.hpp"

#include <fmt/core.h>
#include <netdb.h>
#include <openssl/ssl.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "util/error.hpp"
#include "util/text.hpp"

namespace airy::inspect {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using Request = http::request<http::empty_body>;
using Endpoints = std::vector<tcp::endpoint>;
using SteadyTime = std::chrono::steady_clock::time_point;

// About 1 KiB a queue with the columns asked for: far beyond any broker that works.
constexpr std::uint64_t body_limit = 256 << 20;  // bytes

// What one exchange has come to; outlives its coroutine.
struct Progress {
    const char* stage = "connection";
    bool done = false;
    std::exception_ptr error;
    HttpAnswer answer;
};

[[noreturn]] void fail(const std::string& reason) {
    throw Error(ErrorKind::unreachable, reason);
}

Endpoints resolve_now(const std::string& host, std::uint16_t port, int flags) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = flags | AI_NUMERICSERV;
    addrinfo* found = nullptr;
    if (const int code = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found))
        fail(fmt::format("cannot resolve '{}': {}", util::printable(host), ::gai_strerror(code)));
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
    Endpoints endpoints;
    for (const auto* info = found; info != nullptr; info = info->ai_next) {
        if (info->ai_addrlen > sizeof(sockaddr_in6)) continue;
        tcp::endpoint endpoint;
        endpoint.resize(info->ai_addrlen);
        std::memcpy(endpoint.data(), info->ai_addr, info->ai_addrlen);
        endpoints.push_back(endpoint);
    }
    return endpoints;
}

// getaddrinfo has no deadline of its own, so it gets a thread that may outlive the call.
Endpoints resolve(const std::string& host, std::uint16_t port, SteadyTime until) {
    try {
        return resolve_now(host, port, AI_NUMERICHOST);
    } catch (const Error&) {
        // a name, then
    }
    // A failure crosses as a value: the exception would be let go on either thread.
    struct Found {
        Endpoints endpoints;
        std::string failure;
    };
    std::packaged_task<Found()> task([host, port]() -> Found {
        try {
            return {resolve_now(host, port, 0), {}};
        } catch (const std::exception& error) {
            return {{}, error.what()};
        }
    });
    auto found = task.get_future();
    std::thread(std::move(task)).detach();
    if (found.wait_until(until) != std::future_status::ready)
        fail(fmt::format("resolving '{}' took too long", util::printable(host)));
    auto result = found.get();
    if (!result.failure.empty()) fail(result.failure);
    return std::move(result.endpoints);
}

std::string tls_reason(const boost::system::error_code& error) {
    const unsigned long code = ::ERR_peek_last_error();
    ::ERR_clear_error();
    const char* text = code != 0 ? ::ERR_reason_error_string(code) : nullptr;
    return text != nullptr ? text : error.message();
}

asio::ssl::context make_tls(const mq::TlsOptions& options) {
    asio::ssl::context context(asio::ssl::context::tls_client);
    boost::system::error_code error;
    auto check = [&error](const char* what, const std::string& path) {
        if (error) fail(fmt::format("cannot use the {} {}: {}", what, path, tls_reason(error)));
    };
    if (options.ca_file.empty()) {
        context.set_default_verify_paths(error);
        check("system's", "root certificates");
    } else {
        context.load_verify_file(options.ca_file, error);
        check("CA file", options.ca_file);
    }
    if (!options.cert_file.empty()) {
        context.use_certificate_chain_file(options.cert_file, error);
        check("certificate", options.cert_file);
        const auto& key = options.key_file.empty() ? options.cert_file : options.key_file;
        context.use_private_key_file(key, asio::ssl::context::pem, error);
        check("key", key);
    }
    context.set_verify_mode(options.insecure ? asio::ssl::verify_none : asio::ssl::verify_peer);
    return context;
}

template <class Stream>
asio::awaitable<void> ask(Stream& stream, const Request& request, Progress& progress) {
    progress.stage = "answer";
    co_await http::async_write(stream, request, asio::use_awaitable);
    boost::beast::flat_buffer buffer;
    http::response_parser<http::string_body> parser;
    parser.body_limit(body_limit);
    co_await http::async_read(stream, buffer, parser, asio::use_awaitable);
    progress.answer.status = parser.get().result_int();
    progress.answer.body = std::move(parser.get().body());
    progress.done = true;
}

asio::awaitable<void> exchange_plain(Endpoints endpoints, const Request& request,
                                     Progress& progress) {
    tcp::socket socket(co_await asio::this_coro::executor);
    co_await asio::async_connect(socket, endpoints, asio::use_awaitable);
    co_await ask(socket, request, progress);
}

asio::awaitable<void> exchange_tls(Endpoints endpoints, const Request& request, const HttpUrl& url,
                                   const mq::TlsOptions& options, Progress& progress) {
    auto context = make_tls(options);
    asio::ssl::stream<tcp::socket> stream(co_await asio::this_coro::executor, context);
    if (!options.insecure) stream.set_verify_callback(asio::ssl::host_name_verification(url.host));
    ::SSL_set_tlsext_host_name(stream.native_handle(), url.host.c_str());
    co_await asio::async_connect(stream.next_layer(), endpoints, asio::use_awaitable);
    progress.stage = "TLS handshake";
    const auto [error] = co_await stream.async_handshake(asio::ssl::stream_base::client,
                                                         asio::as_tuple(asio::use_awaitable));
    if (error) {
        const long verified = ::SSL_get_verify_result(stream.native_handle());
        fail("TLS handshake failed: " + (verified != X509_V_OK
                                             ? ::X509_verify_cert_error_string(verified)
                                             : tls_reason(error)));
    }
    co_await ask(stream, request, progress);
}

std::string reason_of(const boost::system::system_error& error) {
    if (error.code() == http::error::end_of_stream ||
        error.code() == http::error::partial_message || error.code() == asio::error::eof ||
        error.code() == asio::ssl::error::stream_truncated)
        return "the answer was cut off";
    if (error.code().category() == http::make_error_code(http::error::bad_version).category())
        return fmt::format("what answers there is not HTTP ({})", error.code().message());
    std::string reason = error.code().message();
    if (!reason.empty() && reason[0] >= 'A' && reason[0] <= 'Z' && reason.size() > 1 &&
        reason[1] >= 'a')
        reason[0] = static_cast<char>(reason[0] - 'A' + 'a');
    return reason;
}

Request make_request(const HttpUrl& url, std::string_view target) {
    Request request(http::verb::get, url.prefix + std::string(target), 11);
    const bool ipv6 = url.host.find(':') != url.host.npos;
    request.set(http::field::host,
                fmt::format("{}{}{}:{}", ipv6 ? "[" : "", url.host, ipv6 ? "]" : "", url.port));
    request.set(http::field::user_agent, "airy/" AIRY_VERSION);
    request.set(http::field::accept, "application/json");
    request.set(http::field::connection, "close");
    if (!url.user.empty())
        request.set(http::field::authorization,
                    "Basic " + util::base64_encode(url.user + ":" + url.password));
    return request;
}

}  // namespace

HttpAnswer http_get(const HttpUrl& url, std::string_view target, const mq::TlsOptions& tls,
                    std::chrono::milliseconds deadline) {
    const auto until = std::chrono::steady_clock::now() + deadline;
    auto endpoints = resolve(url.host, url.port, until);
    const Request request = make_request(url, target);

    Progress progress;
    asio::io_context io;
    auto exchange = url.tls ? exchange_tls(std::move(endpoints), request, url, tls, progress)
                            : exchange_plain(std::move(endpoints), request, progress);
    asio::co_spawn(io, std::move(exchange),
                   [&progress](std::exception_ptr error) { progress.error = std::move(error); });
    io.run_until(until);

    if (progress.done) return std::move(progress.answer);
    if (!progress.error)
        fail(fmt::format("no {} within {:.3g} s", progress.stage,
                         std::chrono::duration<double>(deadline).count()));
    try {
        std::rethrow_exception(progress.error);
    } catch (const boost::system::system_error& error) {
        fail(reason_of(error));
    }
}

}  // namespace airy::inspect
