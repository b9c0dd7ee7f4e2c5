// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "inspect/metrics_server.hpp"

#include <fmt/core.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <utility>

#include "inspect/prometheus.hpp"
#include "net/listener.hpp"
#include "util/error.hpp"
#include "util/text.hpp"

namespace airy::inspect {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using Request = http::request<http::empty_body>;
using Answer = http::response<http::string_body>;

constexpr auto scraper_deadline = std::chrono::seconds(10);
constexpr std::size_t scraper_limit = 32;
constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);

bool is_subscribed(work::ConsumerState state) {
    using work::ConsumerState;
    return state == ConsumerState::running || state == ConsumerState::paused ||
           state == ConsumerState::tripped;
}

Answer make_answer(const Request& request, http::status status, std::string body,
                   std::string_view type = "text/plain; charset=utf-8") {
    Answer answer{status, request.version()};
    answer.set(http::field::content_type, {type.data(), type.size()});
    answer.set(http::field::cache_control, "no-store");
    answer.keep_alive(false);
    answer.body() = std::move(body);
    answer.prepare_payload();
    if (request.method() == http::verb::head) answer.body().clear();
    return answer;
}

Answer answer_to(const Request& request, const work::ConsumerControl& consumer) {
    const std::string target(request.target().substr(0, request.target().find('?')));
    if (request.method() != http::verb::get && request.method() != http::verb::head)
        return make_answer(request, http::status::method_not_allowed, "GET or HEAD\n");
    if (target == "/metrics")
        return make_answer(request, http::status::ok,
                           prometheus_text(std::vector{consumer.status()}),
                           "text/plain; version=0.0.4; charset=utf-8");
    if (target == "/healthz") return make_answer(request, http::status::ok, "ok\n");
    if (target == "/readyz") {
        const auto state = consumer.status().state;
        return make_answer(
            request, is_subscribed(state) ? http::status::ok : http::status::service_unavailable,
            fmt::format("{}\n", work::to_string(state)));
    }
    return make_answer(request, http::status::not_found, "/metrics, /healthz or /readyz\n");
}

// Reads until the client has sent all, or the socket is closed.
asio::awaitable<void> discard(net::ClientSocket& socket) {
    std::array<char, 16 * 1024> sink;
    for (;;) {
        const auto [error, size] = co_await socket.async_read_some(asio::buffer(sink), as_tuple);
        if (error) co_return;
    }
}

util::Fd listen_on(const net::ListenAddress& address, int interrupt) {
    try {
        return net::listen_tcp(address, static_cast<int>(scraper_limit), interrupt);
    } catch (const Error& error) {
        if (error.reason() == Reason::interrupted) throw;
        throw Error(error.kind(),
                    fmt::format("cannot listen on {}:{} for metrics: {}",
                                util::printable(address.host), address.port, error.what()),
                    error.hint());
    }
}

}  // namespace

// State shared by the server and the coroutines that serve; `consumer` is null once the server is
// gone.
struct MetricsServer::Served {
    const work::ConsumerControl* consumer;

    static asio::awaitable<void> serve(std::shared_ptr<Served> self,
                                       std::shared_ptr<net::ClientSocket> socket);
};

asio::awaitable<void> MetricsServer::Served::serve(std::shared_ptr<Served> self,
                                                   std::shared_ptr<net::ClientSocket> socket) {
    boost::beast::flat_buffer buffer(16 * 1024);
    // The header decides the answer; a body changes nothing.
    http::request_parser<http::empty_body> request;
    request.body_limit(boost::none);
    const auto [error, size] = co_await http::async_read_header(*socket, buffer, request, as_tuple);
    if (error || self->consumer == nullptr) co_return;
    const Answer answer = answer_to(request.get(), *self->consumer);
    co_await http::async_write(*socket, answer, as_tuple);
    boost::system::error_code ignored;
    socket->shutdown(net::ClientSocket::shutdown_send, ignored);
    // Closing before the body has come would reset the connection and lose the answer.
    if (!request.is_done()) co_await discard(*socket);
}

MetricsServer::MetricsServer(asio::io_context& loop, std::string_view address,
                             const work::ConsumerControl& consumer, int interrupt)
    : served_(std::make_shared<Served>(Served{&consumer})) {
    auto listening = listen_on(net::parse_listen_address(address), interrupt);
    // A client that has sent no request for so long makes room for another.
    const net::ListenerLimits limits{scraper_limit, net::ListenerLimits::WhenFull::drop_oldest,
                                     scraper_deadline};
    listener_ = std::make_unique<net::Listener>(
        loop, std::move(listening), limits,
        [served = served_](auto socket) { return Served::serve(served, std::move(socket)); });
}

MetricsServer::~MetricsServer() {
    served_->consumer = nullptr;
}

std::uint16_t MetricsServer::port() const {
    return listener_->port();
}

}  // namespace airy::inspect
