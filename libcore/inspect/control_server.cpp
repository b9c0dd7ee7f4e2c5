// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "inspect/control_server.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>

#include "inspect/consumer_json.hpp"
#include "inspect/control_directory.hpp"
#include "util/error.hpp"
#include "util/json_writer.hpp"
#include "util/text.hpp"

namespace airy::inspect {
namespace {

namespace asio = boost::asio;
using Protocol = asio::local::stream_protocol;
using nlohmann::json;

constexpr std::size_t request_limit = 4096;  // bytes of a request line
constexpr int session_limit = 64;            // clients at once
constexpr auto session_deadline = std::chrono::seconds(2);

std::string refusal(Reason reason, std::string_view message, std::string_view hint = {}) {
    return util::JsonObject()
        .add("ok", false)
        .add("reason", word_of(reason))
        .add("error", util::printable(message, 500))
        .add("hint", util::printable(hint, 500))
        .text();
}

// Throws Error{usage} for an operation or a size that is none.
void perform(const json& request, work::ConsumerControl& consumer) {
    const auto op = request.find("op");
    if (op == request.end() || !op->is_string())
        throw Error(ErrorKind::usage, "the request has no \"op\"");
    const auto& name = op->get_ref<const std::string&>();
    if (name == "status") return;
    if (name == "pause") return consumer.pause();
    if (name == "resume") return consumer.resume();
    if (name == "drain") return consumer.drain();
    if (name != "resize") throw Error(ErrorKind::usage, "there is no operation '" + name + "'");
    const auto size = request.find("size");
    if (size == request.end() || !size->is_number_unsigned() || size->get<std::uint64_t>() == 0)
        throw Error(ErrorKind::usage, "the size must be a whole number of at least 1");
    consumer.resize(size->get<std::size_t>());
}

bool peer_may_control(Protocol::socket& socket) noexcept {
    ucred peer{};
    socklen_t size = sizeof peer;
    return ::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           may_control(peer.uid, ::geteuid());
}

// A client that gave up waiting was told that nothing came of it: so it must not, even when this
// process was stopped (SIGSTOP) and goes on only now. Shutting down just its sending side is fine.
bool peer_has_left(Protocol::socket& socket) noexcept {
    pollfd peer{socket.native_handle(), 0, 0};
    return ::poll(&peer, 1, 0) == 1 && (peer.revents & (POLLHUP | POLLERR)) != 0;
}

// One client, until its answer is sent or its time is over.
struct Session {
    Session(Protocol::socket client, asio::io_context& loop)
        : socket(std::move(client)), deadline(loop, session_deadline) {}
    Protocol::socket socket;
    asio::steady_timer deadline;
    std::string buffer;
};

}  // namespace

// The listening socket and the clients it serves. `consumer` is null once the server is gone.
struct ControlServer::Listener {
    Listener(asio::io_context& context, work::ConsumerControl& control)
        : loop(context), acceptor(context), pause(context), consumer(&control) {}

    asio::io_context& loop;
    Protocol::acceptor acceptor;
    asio::steady_timer pause;
    work::ConsumerControl* consumer;
    int sessions = 0;

    void open(const std::string& path);
    static asio::awaitable<void> accept(std::shared_ptr<Listener> self);
    static asio::awaitable<void> serve(std::shared_ptr<Listener> self,
                                       std::shared_ptr<Session> session);
};

// Binds under another name and renames, so that a socket with the right name always answers and
// one that refuses to be connected to is stale beyond doubt.
void ControlServer::Listener::open(const std::string& path) {
    const std::string early = path + ".n";
    ::unlink(early.c_str());
    try {
        acceptor.open();
        ::fcntl(acceptor.native_handle(), F_SETFD, FD_CLOEXEC);
        acceptor.bind(Protocol::endpoint(early));
        if (::chmod(early.c_str(), 0600) != 0)
            throw boost::system::system_error(errno, boost::system::system_category());
        acceptor.listen(session_limit);
        if (::rename(early.c_str(), path.c_str()) != 0)
            throw boost::system::system_error(errno, boost::system::system_category());
    } catch (const boost::system::system_error& error) {
        ::unlink(early.c_str());
        throw Error(ErrorKind::general, fmt::format("cannot open the control socket {}: {}",
                                                    util::printable(path), error.code().message()));
    }
}

asio::awaitable<void> ControlServer::Listener::accept(std::shared_ptr<Listener> self) {
    while (self->acceptor.is_open()) {
        auto [error, client] =
            co_await self->acceptor.async_accept(asio::as_tuple(asio::use_awaitable));
        if (error == asio::error::operation_aborted || !self->acceptor.is_open()) co_return;
        if (error) {
            // Out of descriptors, most likely: the client waits in the backlog meanwhile.
            self->pause.expires_after(std::chrono::milliseconds(100));
            co_await self->pause.async_wait(asio::as_tuple(asio::use_awaitable));
            continue;
        }
        if (self->sessions >= session_limit || !peer_may_control(client)) continue;
        ::fcntl(client.native_handle(), F_SETFD, FD_CLOEXEC);
        auto session = std::make_shared<Session>(std::move(client), self->loop);
        session->deadline.async_wait([session](const boost::system::error_code& waited) {
            boost::system::error_code ignored;
            if (!waited) session->socket.close(ignored);
        });
        ++self->sessions;
        asio::co_spawn(self->loop, serve(self, std::move(session)), asio::detached);
    }
}

asio::awaitable<void> ControlServer::Listener::serve(std::shared_ptr<Listener> self,
                                                     std::shared_ptr<Session> session) {
    auto buffer = asio::dynamic_buffer(session->buffer, request_limit);
    const auto [error, size] = co_await asio::async_read_until(session->socket, buffer, '\n',
                                                               asio::as_tuple(asio::use_awaitable));
    std::string answer;
    if (error == asio::error::not_found)
        answer = refusal(Reason::usage, "the request is too long");
    else if (!error && self->consumer != nullptr && !peer_has_left(session->socket))
        answer = perform_control_request(std::string_view(session->buffer).substr(0, size - 1),
                                         *self->consumer);
    if (!error && answer.empty()) {
        // What the consumer has posted to its loop takes effect before its status is taken.
        co_await asio::post(self->loop, asio::use_awaitable);
        if (self->consumer != nullptr)
            answer = util::JsonObject()
                         .add("ok", true)
                         .add("status", util::JsonRaw{to_json(self->consumer->status())})
                         .text();
    }
    if (!answer.empty()) {
        answer += '\n';
        co_await asio::async_write(session->socket, asio::buffer(answer),
                                   asio::as_tuple(asio::use_awaitable));
    }
    boost::system::error_code ignored;
    session->socket.close(ignored);
    session->deadline.cancel();
    --self->sessions;
}

ControlServer::ControlServer(asio::io_context& loop, std::string_view name,
                             work::ConsumerControl& consumer)
    : listener_(std::make_shared<Listener>(loop, consumer)),
      path_(control_path(make_control_directory(), name, ::getpid())) {
    listener_->open(path_);
    asio::co_spawn(loop, Listener::accept(listener_), asio::detached);
}

ControlServer::~ControlServer() {
    ::unlink(path_.c_str());
    listener_->consumer = nullptr;
    boost::system::error_code ignored;
    listener_->acceptor.close(ignored);
    listener_->pause.cancel();
}

std::string perform_control_request(std::string_view line, work::ConsumerControl& consumer) {
    try {
        const json request = json::parse(line, nullptr, false);
        if (!request.is_object()) return refusal(Reason::usage, "the request is no JSON object");
        perform(request, consumer);
        return {};
    } catch (const Error& error) {
        return refusal(error.reason(), error.what(), error.hint());
    } catch (const std::exception& error) {
        return refusal(Reason::general, error.what());
    }
}

}  // namespace airy::inspect
