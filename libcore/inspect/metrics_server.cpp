// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "inspect/metrics_server.hpp"

#include <fcntl.h>
#include <fmt/core.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <charconv>
#include <list>
#include <utility>

#include "inspect/prometheus.hpp"
#include "util/error.hpp"
#include "util/text.hpp"

namespace airy::inspect {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using Request = http::request<http::empty_body>;
using Answer = http::response<http::string_body>;

constexpr auto session_deadline = std::chrono::seconds(10);
constexpr std::size_t session_limit = 32;
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

// Until the client has sent all, or the socket is closed.
asio::awaitable<void> discard(tcp::socket& socket) {
    std::array<char, 16 * 1024> sink;
    for (;;) {
        const auto [error, size] = co_await socket.async_read_some(asio::buffer(sink), as_tuple);
        if (error) co_return;
    }
}

}  // namespace

// The listening socket and those it serves. `consumer` is null once the server is gone.
struct MetricsServer::Listener {
    Listener(asio::io_context& context, const work::ConsumerControl& control)
        : loop(context), acceptor(context), pause(context), consumer(&control) {}

    asio::io_context& loop;
    tcp::acceptor acceptor;
    asio::steady_timer pause;
    const work::ConsumerControl* consumer;
    std::list<std::shared_ptr<tcp::socket>> sessions;  // the oldest first

    void open(const ListenAddress& address);
    static asio::awaitable<void> accept(std::shared_ptr<Listener> self);
    static asio::awaitable<void> serve(std::shared_ptr<Listener> self,
                                       std::shared_ptr<tcp::socket> socket);
};

void MetricsServer::Listener::open(const ListenAddress& address) {
    try {
        tcp::resolver resolver(loop);
        const auto found =
            resolver.resolve(address.host, std::to_string(address.port), tcp::resolver::passive);
        const tcp::endpoint endpoint = found.begin()->endpoint();
        acceptor.open(endpoint.protocol());
        ::fcntl(acceptor.native_handle(), F_SETFD, FD_CLOEXEC);
        acceptor.set_option(tcp::acceptor::reuse_address(true));
        acceptor.bind(endpoint);
        acceptor.listen(static_cast<int>(session_limit));
    } catch (const boost::system::system_error& error) {
        throw Error(ErrorKind::general, fmt::format("cannot listen on {}:{} for metrics: {}",
                                                    util::printable(address.host), address.port,
                                                    error.code().message()));
    }
}

asio::awaitable<void> MetricsServer::Listener::accept(std::shared_ptr<Listener> self) {
    while (self->acceptor.is_open()) {
        auto [error, client] = co_await self->acceptor.async_accept(as_tuple);
        if (error == asio::error::operation_aborted || !self->acceptor.is_open()) co_return;
        if (error) {
            // Out of descriptors, most likely: the client waits in the backlog meanwhile.
            self->pause.expires_after(std::chrono::milliseconds(100));
            co_await self->pause.async_wait(as_tuple);
            continue;
        }
        ::fcntl(client.native_handle(), F_SETFD, FD_CLOEXEC);
        // Who has not said in all that time what it wants gives way to who may.
        if (self->sessions.size() >= session_limit) {
            boost::system::error_code ignored;
            self->sessions.front()->close(ignored);
            self->sessions.pop_front();
        }
        self->sessions.push_back(std::make_shared<tcp::socket>(std::move(client)));
        asio::co_spawn(self->loop, serve(self, self->sessions.back()), asio::detached);
    }
}

asio::awaitable<void> MetricsServer::Listener::serve(std::shared_ptr<Listener> self,
                                                     std::shared_ptr<tcp::socket> socket) {
    asio::steady_timer deadline(self->loop, session_deadline);
    deadline.async_wait([socket](const boost::system::error_code& waited) {
        boost::system::error_code ignored;
        if (!waited) socket->close(ignored);
    });
    boost::beast::flat_buffer buffer(16 * 1024);
    // The header tells all; whatever body follows would have changed nothing.
    http::request_parser<http::empty_body> request;
    request.body_limit(boost::none);
    const auto [error, size] = co_await http::async_read_header(*socket, buffer, request, as_tuple);
    boost::system::error_code ignored;
    if (!error && self->consumer != nullptr) {
        const Answer answer = answer_to(request.get(), *self->consumer);
        co_await http::async_write(*socket, answer, as_tuple);
        socket->shutdown(tcp::socket::shutdown_send, ignored);
        // To close before a body has come would reset the connection, and lose the answer.
        if (!request.is_done()) co_await discard(*socket);
    }
    socket->close(ignored);
    deadline.cancel();
    self->sessions.remove(socket);
}

MetricsServer::MetricsServer(asio::io_context& loop, std::string_view address,
                             const work::ConsumerControl& consumer)
    : listener_(std::make_shared<Listener>(loop, consumer)) {
    listener_->open(parse_listen_address(address));
    asio::co_spawn(loop, Listener::accept(listener_), asio::detached);
}

MetricsServer::~MetricsServer() {
    listener_->consumer = nullptr;
    boost::system::error_code ignored;
    listener_->acceptor.close(ignored);
    listener_->pause.cancel();
}

std::uint16_t MetricsServer::port() const {
    return listener_->acceptor.local_endpoint().port();
}

ListenAddress parse_listen_address(std::string_view text) {
    const auto colon = text.rfind(':');
    std::string_view host = text.substr(0, colon);
    ListenAddress address;
    bool good = colon != text.npos && !host.empty();
    if (good && host.front() == '[') {
        good = host.size() > 2 && host.back() == ']';
        if (good) host = host.substr(1, host.size() - 2);
    } else if (good) {
        good = host.find(':') == host.npos;
    }
    if (good) {
        const std::string_view port = text.substr(colon + 1);
        const auto parsed = std::from_chars(port.data(), port.data() + port.size(), address.port);
        good = !port.empty() && parsed.ec == std::errc() && parsed.ptr == port.data() + port.size();
    }
    if (!good)
        throw Error(ErrorKind::usage,
                    fmt::format("'{}' is no address to listen on", util::printable(text)),
                    "HOST:PORT, e.g. 127.0.0.1:9464 or [::1]:9464");
    address.host = host;
    return address;
}

}  // namespace airy::inspect
