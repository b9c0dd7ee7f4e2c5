// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// Beast is slow to compile: it is included here, by http_answer.hpp, and in
// inspect/metrics_server.cpp, and nowhere else but for its buffer.
#include "net/http_client.hpp"

#include <fmt/core.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http.hpp>
#include <cerrno>
#include <limits>
#include <optional>
#include <utility>

#include "net/connection_pool.hpp"
#include "net/dial.hpp"
#include "net/http_answer.hpp"
#include "net/resolver.hpp"
#include "net/tls_context.hpp"
#include "util/error.hpp"

namespace airy::net {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;

constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);
constexpr std::uint32_t head_limit = 64 * 1024;  // bytes of an answer's head
constexpr auto descriptor_pause = std::chrono::milliseconds(50);
constexpr std::string_view answer_stage = "answer";
constexpr unsigned most_announcements = 100;    // answers 1xx before the answer
constexpr std::size_t kept_buffer = 16 * 1024;  // bytes that an idle connection holds at most

[[noreturn]] void fail(const std::string& reason) {
    throw Error(Reason::unreachable, reason);
}

std::string reason_of(const boost::system::error_code& error, std::uint64_t body_limit) {
    if (error == http::error::end_of_stream || error == http::error::partial_message ||
        error == asio::error::eof || error == asio::ssl::error::stream_truncated)
        return "the answer was cut off";
    if (error == http::error::body_limit)
        return fmt::format("the answer is longer than {} bytes", body_limit);
    if (error == http::error::buffer_overflow) return "the answer is too large";
    if (error.category() == http::make_error_code(http::error::bad_version).category())
        return fmt::format("the answer is not HTTP ({})", error.message());
    std::string reason = error.message();
    if (reason.size() > 1 && reason[0] >= 'A' && reason[0] <= 'Z' && reason[1] >= 'a')
        reason[0] = static_cast<char>(reason[0] - 'A' + 'a');
    return reason;
}

// Rethrows the caller's cancellation; throws any other error as Error{unreachable} with the bare
// reason.
[[noreturn]] void fail(const boost::system::error_code& error) {
    if (error == asio::error::operation_aborted) throw boost::system::system_error(error);
    fail(reason_of(error, 0));
}

// The same, once there was a connection.
[[noreturn]] void fail_connected(const boost::system::error_code& error, std::uint64_t body_limit) {
    if (error == asio::error::operation_aborted) throw boost::system::system_error(error);
    throw Error(Reason::connection_lost, reason_of(error, body_limit));
}

// The deadline of one request: it closes the connection that it guards when the time is over.
// Shared by the request and the timer's handler, which may be under way when the request ends.
struct Deadline : std::enable_shared_from_this<Deadline> {
    Deadline(asio::io_context& loop, std::chrono::milliseconds limit) : timer(loop, limit) {}

    void guard(HttpConnection& connection) {
        guarded = &connection;
        timer.async_wait([self = shared_from_this()](const boost::system::error_code& waited) {
            if (waited) return;
            self->expired = true;
            if (self->guarded != nullptr) self->guarded->close();
        });
    }
    // Guards no connection any more: the request may wait on the timer.
    void release() {
        guarded = nullptr;
        timer.cancel();
    }

    asio::steady_timer timer;
    std::string_view stage = "connection";  // of the request, for the error
    bool expired = false;
    HttpConnection* guarded = nullptr;
};

// Ends the guard of a deadline however its scope is left.
struct Release {
    Deadline& deadline;
    ~Release() { deadline.release(); }
};

// The result of sending a request over a connection.
struct Outcome {
    boost::system::error_code error;
    bool answered = false;  // at least a byte
    bool keep = false;      // the connection can serve another request
    HttpResponse response;
};

void set_limits(AnswerParser& parser, const HttpRequest& request) {
    parser.header_limit(head_limit);
    if (request.keep)
        parser.body_limit(boost::none);  // KeptBody has the limit
    else
        parser.body_limit(request.body_limit);
    parser.skip(request.method == "HEAD");
    auto& body = parser.get().body();
    body.most = request.keep.value_or(std::numeric_limits<std::size_t>::max());
    body.limit = request.body_limit;
}

void take_answer(AnswerParser& parser, HttpResponse& response) {
    auto& message = parser.get();
    response.status = message.result_int();
    for (const auto& field : message)
        response.headers.push_back({std::string(field.name_string()), std::string(field.value())});
    response.cut = message.body().read > message.body().text.size();
    response.body = std::move(message.body().text);
}

template <class Stream>
asio::awaitable<void> converse(Stream& stream, boost::beast::flat_buffer& buffer,
                               const std::string& head, const HttpRequest& request,
                               const Deadline& deadline, Outcome& out) {
    const std::array parts{asio::buffer(head), asio::buffer(request.content())};
    const auto [unsent, written] = co_await asio::async_write(stream, parts, as_tuple);
    if (deadline.expired) co_return;
    // A server may answer with a refusal of a long body, and close before it has read all.
    for (unsigned announcements = 0;; ++announcements) {
        AnswerParser parser;
        set_limits(parser, request);
        const auto error = co_await read_answer(stream, buffer, parser, out.answered);
        const bool enough = request.keep && error == http::error::body_limit;
        out.error = error && unsent ? unsent : error;
        if (enough) out.error = {};
        if (out.error) co_return;
        const unsigned status = parser.get().result_int();
        if (status >= 100 && status < 200 && status != 101) {  // the answer comes later
            if (announcements < most_announcements) continue;
            out.error = http::error::buffer_overflow;
            co_return;
        }
        out.keep = !unsent && !enough && status != 101 && parser.keep_alive() &&
                   !announces_forbidden_body(parser);
        take_answer(parser, out.response);
        co_return;
    }
}

}  // namespace

struct HttpClient::State {
    State(asio::io_context& context, HttpClientOptions chosen)
        : loop(context),
          options(std::move(chosen)),
          resolver(context),
          pool(std::make_shared<ConnectionPool>(
              ConnectionPool::Limits{options.connections_per_origin, options.idle_limit})),
          connecting(std::make_shared<ConnectionPool>(
              ConnectionPool::Limits{options.connecting_per_origin, options.idle_limit})) {}

    asio::io_context& loop;
    const HttpClientOptions options;
    std::optional<asio::ssl::context> tls;  // made for the first request that needs it
    Resolver resolver;
    std::shared_ptr<ConnectionPool> pool;
    std::shared_ptr<ConnectionPool> connecting;  // leases of it are the right to connect

    asio::awaitable<void> connect(const HttpUrl& url, HttpConnection& connection,
                                  Deadline& deadline);
    asio::awaitable<void> start_tls(const HttpUrl& url, HttpConnection& connection,
                                    Deadline& deadline);
    static asio::awaitable<HttpResponse> ask(std::shared_ptr<State> self, HttpRequest request);
};

namespace {

[[noreturn]] void fail_late(const Deadline& deadline, const HttpRequest& request) {
    throw Error(deadline.stage == answer_stage ? Reason::answer_late : Reason::unreachable,
                fmt::format("no {} within {:.3g} s", deadline.stage,
                            std::chrono::duration<double>(request.deadline).count()));
}

// SOCK_CLOEXEC from the start; Asio would set it later, too late for a child started meanwhile.
boost::system::error_code open_socket(tcp::socket& socket, const tcp& protocol) {
    const int fd = ::socket(protocol.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    boost::system::error_code error;
    if (fd < 0) return {errno, boost::system::system_category()};
    socket.assign(protocol, fd, error);
    if (error) {
        ::close(fd);
        return error;
    }
    boost::system::error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    return error;
}

// Out of descriptors, which other parts may give back: a reason to wait, not to fail.
bool is_out_of_descriptors(const boost::system::error_code& error) {
    return error == boost::system::errc::too_many_files_open ||
           error == boost::system::errc::too_many_files_open_in_system;
}

}  // namespace

// Returns with no connection when the deadline has passed.
asio::awaitable<void> HttpClient::State::connect(const HttpUrl& url, HttpConnection& connection,
                                                 Deadline& deadline) {
    deadline.stage = "connection";
    const auto endpoints = co_await resolver.resolve(url.host, url.port, deadline.timer);
    if (url.tls && !tls) tls.emplace(make_tls_context(options.tls));
    deadline.guard(connection);
    boost::system::error_code error = asio::error::host_not_found;
    for (auto left = endpoints.size(); const auto& endpoint : endpoints) {
        connection.close();
        error = open_socket(connection.socket, endpoint.protocol());
        while (is_out_of_descriptors(error)) {
            deadline.stage = "free descriptor";
            pool->drop_idle();
            asio::steady_timer pause(
                loop, std::min(util::steady_now() + descriptor_pause, deadline.timer.expiry()));
            co_await pause.async_wait(asio::use_awaitable);
            if (deadline.expired) co_return;
            error = open_socket(connection.socket, endpoint.protocol());
        }
        deadline.stage = "connection";
        const auto addresses = static_cast<int>(left--);
        if (error) continue;
        // After a while without an answer the next address is tried.
        const auto share = std::chrono::ceil<std::chrono::milliseconds>(
            (deadline.timer.expiry() - util::steady_now()) / addresses);
        const auto patience = std::make_shared<Deadline>(loop, std::min(share, next_address_after));
        const Release release{*patience};
        if (addresses > 1) patience->guard(connection);
        const auto [refused] = co_await connection.socket.async_connect(endpoint, as_tuple);
        if (deadline.expired) co_return;
        error = patience->expired ? asio::error::timed_out : refused;
        if (!error || error == asio::error::operation_aborted) break;
    }
    if (error) fail(error);
    if (url.tls) co_await start_tls(url, connection, deadline);
}

asio::awaitable<void> HttpClient::State::start_tls(const HttpUrl& url, HttpConnection& connection,
                                                   Deadline& deadline) {
    deadline.stage = "TLS handshake";
    auto& stream = connection.tls.emplace(connection.socket, *tls);
    if (!options.tls.insecure) expect_host(::SSL_get0_param(stream.native_handle()), url.host);
    // RFC 6066 section 3 allows names, not addresses.
    if (!is_address(url.host)) ::SSL_set_tlsext_host_name(stream.native_handle(), url.host.c_str());
    const auto [error] = co_await stream.async_handshake(asio::ssl::stream_base::client, as_tuple);
    if (deadline.expired || !error) co_return;
    if (error == asio::error::operation_aborted) fail(error);
    fail("TLS handshake failed: " + handshake_failure(stream.native_handle(), url.host, error));
}

asio::awaitable<HttpResponse> HttpClient::State::ask(std::shared_ptr<State> self,
                                                     HttpRequest request) {
    const std::string head = http_request_head(request, self->options.keep_alive);
    std::exchange(request.headers, std::vector<HttpHeader>());  // gives their memory back
    const auto deadline = std::make_shared<Deadline>(self->loop, request.deadline);
    deadline->stage = "free connection";
    const Origin origin{request.url.tls, request.url.host, request.url.port};
    auto lease = co_await self->pool->take(origin, deadline->timer);
    if (!lease) fail_late(*deadline, request);
    const Release release{*deadline};
    for (;;) {
        const bool reused = lease->connection() != nullptr;
        Outcome done;
        if (reused) {
            deadline->guard(*lease->connection());
        } else {
            const auto turn = co_await self->connecting->take(origin, deadline->timer);
            if (!turn) fail_late(*deadline, request);
            lease->put(std::make_unique<HttpConnection>(self->loop));
            co_await self->connect(request.url, *lease->connection(), *deadline);
        }
        auto& connection = *lease->connection();
        if (!deadline->expired) {
            deadline->stage = answer_stage;
            if (connection.tls)
                co_await converse(*connection.tls, connection.buffer, head, request, *deadline,
                                  done);
            else
                co_await converse(connection.socket, connection.buffer, head, request, *deadline,
                                  done);
        }
        if (deadline->expired && done.response.status == 0) fail_late(*deadline, request);
        deadline->release();
        if (!done.error) {
            const bool keep = done.keep && !deadline->expired && self->options.keep_alive;
            if (connection.buffer.capacity() > kept_buffer) connection.buffer.shrink_to_fit();
            if (keep && !connection.has_unread()) lease->keep();
            co_return std::move(done.response);
        }
        const bool may_repeat = request.repeatable || is_idempotent(request.method);
        if (!reused || done.answered || !may_repeat || done.error == asio::error::operation_aborted)
            fail_connected(done.error, request.body_limit);
        lease->put(nullptr);
    }
}

HttpClient::HttpClient(asio::io_context& loop, HttpClientOptions options)
    : state_(std::make_shared<State>(loop, std::move(options))) {}

HttpClient::~HttpClient() {
    state_->pool->close();
}

void HttpClient::prepare_tls() {
    if (!state_->tls) state_->tls.emplace(make_tls_context(state_->options.tls));
}

asio::awaitable<HttpResponse> HttpClient::request(HttpRequest request) {
    return State::ask(state_, std::move(request));
}

}  // namespace airy::net
