// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "inspect/control_server.hpp"

#include <fmt/core.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <nlohmann/json.hpp>

#include "inspect/consumer_json.hpp"
#include "inspect/control_directory.hpp"
#include "net/listener.hpp"
#include "util/error.hpp"
#include "util/json_writer.hpp"
#include "util/text.hpp"

namespace airy::inspect {
namespace {

namespace asio = boost::asio;
using nlohmann::json;

constexpr std::size_t request_limit = 4096;  // bytes of a request line
constexpr std::size_t session_limit = 64;    // clients at once
constexpr auto session_deadline = std::chrono::seconds(2);

std::string refusal(Reason reason, std::string_view message, std::string_view hint = {}) {
    return util::JsonObject()
        .add("ok", false)
        .add("reason", word_of(reason))
        .add("error", util::printable(message, 500))
        .add("hint", util::printable(hint, 500))
        .text();
}

// Throws Error{not_found} when no running handler has the message.
void cancel(const json& request, work::ConsumerControl& consumer) {
    const auto id = request.find("id");
    if (id == request.end() || !id->is_string() || id->get_ref<const std::string&>().empty())
        throw Error(ErrorKind::usage, "the id must be a text that is not empty");
    const auto dead_letter = request.find("dead_letter");
    const bool given = dead_letter != request.end();
    if (given && !dead_letter->is_boolean())
        throw Error(ErrorKind::usage, "dead_letter must be true or false");
    const auto then = given && dead_letter->get<bool>() ? work::AfterCancel::dead_letter
                                                        : work::AfterCancel::retry;
    if (consumer.cancel(id->get_ref<const std::string&>(), then) == 0)
        throw Error(ErrorKind::not_found,
                    fmt::format("no running handler has the message '{}'",
                                util::printable(id->get_ref<const std::string&>(), 100)));
}

// Throws Error{usage} for an unknown operation or a size that is not a whole number from 1 on.
void perform(const json& request, work::ConsumerControl& consumer) {
    const auto op = request.find("op");
    if (op == request.end() || !op->is_string())
        throw Error(ErrorKind::usage, "the request has no \"op\"");
    const auto& name = op->get_ref<const std::string&>();
    if (name == "status") return;
    if (name == "pause") return consumer.pause();
    if (name == "resume") return consumer.resume();
    if (name == "drain") return consumer.drain();
    if (name == "cancel") return cancel(request, consumer);
    if (name != "resize") throw Error(ErrorKind::usage, "there is no operation '" + name + "'");
    const auto size = request.find("size");
    if (size == request.end() || !size->is_number_unsigned() || size->get<std::uint64_t>() == 0)
        throw Error(ErrorKind::usage, "the size must be a whole number of at least 1");
    consumer.resize(size->get<std::size_t>());
}

bool peer_may_control(net::ClientSocket& socket) noexcept {
    ucred peer{};
    socklen_t size = sizeof peer;
    return ::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           may_control(peer.uid, ::geteuid());
}

// A client that gave up waiting told its user that the request had no effect: so it must have none,
// even when this process was stopped (SIGSTOP) and goes on only now. A client may shut down its
// sending side.
bool peer_has_left(net::ClientSocket& socket) noexcept {
    pollfd peer{socket.native_handle(), 0, 0};
    return ::poll(&peer, 1, 0) == 1 && (peer.revents & (POLLHUP | POLLERR)) != 0;
}

util::Fd listen_on(const std::string& path) {
    try {
        return net::listen_unix(path, static_cast<int>(session_limit));
    } catch (const Error& error) {
        throw Error(error.kind(), fmt::format("cannot open the control socket {}: {}",
                                              util::printable(path), error.what()));
    }
}

}  // namespace

// State shared by the server and the coroutines that serve; `consumer` is null once the server is
// gone.
struct ControlServer::Served {
    asio::io_context& loop;
    work::ConsumerControl* consumer;

    static asio::awaitable<void> serve(std::shared_ptr<Served> self,
                                       std::shared_ptr<net::ClientSocket> socket);
};

asio::awaitable<void> ControlServer::Served::serve(std::shared_ptr<Served> self,
                                                   std::shared_ptr<net::ClientSocket> socket) {
    if (!peer_may_control(*socket)) co_return;
    std::string request;
    auto buffer = asio::dynamic_buffer(request, request_limit);
    const auto [error, size] =
        co_await asio::async_read_until(*socket, buffer, '\n', asio::as_tuple(asio::use_awaitable));
    std::string answer;
    if (error == asio::error::not_found)
        answer = refusal(Reason::usage, "the request is too long");
    else if (!error && self->consumer != nullptr && !peer_has_left(*socket))
        answer =
            perform_control_request(std::string_view(request).substr(0, size - 1), *self->consumer);
    if (!error && answer.empty()) {
        // Handlers that the consumer has posted to its loop run before its status is taken.
        co_await asio::post(self->loop, asio::use_awaitable);
        if (self->consumer != nullptr)
            answer = util::JsonObject()
                         .add("ok", true)
                         .add("status", util::JsonRaw{to_json(self->consumer->status())})
                         .text();
    }
    if (answer.empty()) co_return;
    answer += '\n';
    co_await asio::async_write(*socket, asio::buffer(answer), asio::as_tuple(asio::use_awaitable));
}

ControlServer::ControlServer(asio::io_context& loop, std::string_view name,
                             work::ConsumerControl& consumer)
    : served_(std::make_shared<Served>(Served{loop, &consumer})),
      path_(control_path(make_control_directory(), name, ::getpid(), new_socket_token())) {
    const net::ListenerLimits limits{session_limit, net::ListenerLimits::WhenFull::refuse_newest,
                                     session_deadline};
    listener_ = std::make_unique<net::Listener>(
        loop, listen_on(path_), limits,
        [served = served_](auto socket) { return Served::serve(served, std::move(socket)); });
}

ControlServer::~ControlServer() {
    ::unlink(path_.c_str());
    served_->consumer = nullptr;
}

std::string perform_control_request(std::string_view line, work::ConsumerControl& consumer) {
    try {
        const json request = json::parse(line, nullptr, false);
        if (!request.is_object()) return refusal(Reason::usage, "the request is not a JSON object");
        perform(request, consumer);
        return {};
    } catch (const Error& error) {
        return refusal(error.reason(), error.what(), error.hint());
    } catch (const std::exception& error) {
        return refusal(Reason::general, error.what());
    }
}

}  // namespace airy::inspect
