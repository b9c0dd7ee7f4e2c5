// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "net/listener.hpp"

#include <fmt/core.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <list>
#include <optional>
#include <utility>

#include "net/lookup.hpp"
#include "net/url.hpp"
#include "util/clock.hpp"
#include "util/error.hpp"
#include "util/text.hpp"

namespace airy::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr auto as_result = asio::as_tuple(asio::use_awaitable);
constexpr auto accept_pause = std::chrono::milliseconds(100);
constexpr auto lookup_patience = std::chrono::seconds(10);

[[noreturn]] void give_up(const boost::system::error_code& error) {
    throw Error(ErrorKind::general, error.message(),
                error == boost::system::errc::address_in_use
                    ? "another program listens there: take another port"
                    : "");
}

// Throws Error{general} when a system call returned an error.
void check(int result) {
    if (result < 0) give_up({errno, boost::system::system_category()});
}

util::Fd open_socket(int family) {
    util::Fd socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    check(socket.get());
    return socket;
}

bool is_any_v6(const tcp::endpoint& endpoint) {
    return endpoint.address().is_v6() && endpoint.address().is_unspecified();
}

// By IPv6 for both versions, where the kernel has it.
tcp::endpoint every_address(std::uint16_t port) {
    const util::Fd probe(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return {probe || errno != EAFNOSUPPORT ? tcp::v6() : tcp::v4(), port};
}

util::Fd listen_on(const tcp::endpoint& endpoint, int backlog) {
    auto socket = open_socket(endpoint.protocol().family());
    const int on = 1;
    check(::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on));
    if (is_any_v6(endpoint)) {
        const int off = 0;  // IPv4 as well, whatever net.ipv6.bindv6only says
        check(::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off));
    }
    check(::bind(socket.get(), endpoint.data(), static_cast<socklen_t>(endpoint.size())));
    check(::listen(socket.get(), backlog));
    return socket;
}

std::vector<tcp::endpoint> addresses_of(const std::string& host, int interrupt) {
    try {
        return find_host_by(host, util::steady_now() + lookup_patience, interrupt);
    } catch (const Error& error) {
        if (error.reason() == Reason::interrupted) throw;
        throw Error(ErrorKind::general, error.what());
    }
}

// The bound address of a socket of any family.
sockaddr_storage local_address(int socket) noexcept {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
    return address;
}

}  // namespace

ListenAddress parse_listen_address(std::string_view text) {
    HostPort split;
    const auto fault = split_host_port(text, split);
    const auto port = split.port ? parse_port(*split.port) : std::nullopt;
    const bool bare_ipv6 = !split.bracketed && split.host.find(':') != split.host.npos;
    const bool empty_brackets = split.bracketed && split.host.empty();
    if (fault || !port || empty_brackets || bare_ipv6)
        throw Error(ErrorKind::usage,
                    fmt::format("'{}' is not an address to listen on", util::printable(text)),
                    "HOST:PORT, e.g. 127.0.0.1:9464 or [::1]:9464; :9464 is every address");
    return {std::string(split.host), *port};
}

util::Fd listen_tcp(const ListenAddress& address, int backlog, int interrupt) {
    if (address.host.empty() || address.host == "::")
        return listen_on(every_address(address.port), backlog);
    std::optional<Error> first;
    for (auto endpoint : addresses_of(address.host, interrupt)) {
        endpoint.port(address.port);
        try {
            return listen_on(endpoint, backlog);
        } catch (const Error& failure) {
            if (!first) first = failure;
        }
    }
    throw first.value();
}

util::Fd listen_unix(const std::string& path, int backlog) {
    const std::string early = path + ".n";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (early.size() >= sizeof address.sun_path) give_up(asio::error::name_too_long);
    std::memcpy(address.sun_path, early.c_str(), early.size());
    ::unlink(early.c_str());
    auto socket = open_socket(AF_UNIX);
    try {
        check(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address));
        check(::chmod(early.c_str(), 0600));
        check(::listen(socket.get(), backlog));
        check(::rename(early.c_str(), path.c_str()));
    } catch (const Error&) {
        ::unlink(early.c_str());
        throw;
    }
    return socket;
}

// The listening socket and the clients it serves.
struct Listener::State {
    State(asio::io_context& context, util::Fd socket, ListenerLimits bounds, Serve function)
        : loop(context),
          listening(context, socket.get()),
          family(local_address(socket.release()).ss_family),
          pause(context),
          limits(bounds),
          serve(std::move(function)) {}

    asio::io_context& loop;
    asio::posix::stream_descriptor listening;
    int family;
    asio::steady_timer pause;
    ListenerLimits limits;
    Serve serve;
    std::list<std::shared_ptr<ClientSocket>> clients;  // the oldest first

    static asio::awaitable<void> accept(std::shared_ptr<State> self);
    static void admit(const std::shared_ptr<State>& self, util::Fd accepted);
    static asio::awaitable<void> serve_one(std::shared_ptr<State> self,
                                           std::shared_ptr<ClientSocket> client);
};

// accept4(2) with SOCK_CLOEXEC: with Asio's accept, a child started at the wrong moment would
// inherit the socket.
asio::awaitable<void> Listener::State::accept(std::shared_ptr<State> self) {
    while (self->listening.is_open()) {
        co_await self->listening.async_wait(asio::posix::stream_descriptor::wait_read, as_result);
        if (!self->listening.is_open()) co_return;
        util::Fd accepted(::accept4(self->listening.native_handle(), nullptr, nullptr,
                                    SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (accepted) {
            admit(self, std::move(accepted));
        } else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
            // Most likely the process is out of descriptors.
            self->pause.expires_after(accept_pause);
            co_await self->pause.async_wait(as_result);
        }
    }
}

void Listener::State::admit(const std::shared_ptr<State>& self, util::Fd accepted) {
    if (self->clients.size() >= self->limits.connections) {
        if (self->limits.when_full == ListenerLimits::WhenFull::refuse_newest) return;
        boost::system::error_code ignored;
        self->clients.front()->close(ignored);
        self->clients.pop_front();
    }
    auto client = std::make_shared<ClientSocket>(self->loop);
    boost::system::error_code error;
    client->assign(asio::generic::stream_protocol(self->family, 0), accepted.get(), error);
    if (error) return;
    accepted.release();
    self->clients.push_back(client);
    asio::co_spawn(self->loop, serve_one(self, std::move(client)), asio::detached);
}

asio::awaitable<void> Listener::State::serve_one(std::shared_ptr<State> self,
                                                 std::shared_ptr<ClientSocket> client) {
    asio::steady_timer patience(self->loop, self->limits.patience);
    patience.async_wait([client](const boost::system::error_code& waited) {
        boost::system::error_code ignored;
        if (!waited) client->close(ignored);
    });
    try {
        auto serving = self->serve(client);
        co_await std::move(serving);
    } catch (const std::exception&) {
        // One client's failure does not concern the others.
    }
    boost::system::error_code ignored;
    client->close(ignored);
    self->clients.remove(client);
}

Listener::Listener(asio::io_context& loop, util::Fd listening, ListenerLimits limits, Serve serve)
    : state_(std::make_shared<State>(loop, std::move(listening), limits, std::move(serve))) {
    asio::co_spawn(loop, State::accept(state_), asio::detached);
}

Listener::~Listener() {
    boost::system::error_code ignored;
    state_->listening.close(ignored);
    state_->pause.cancel();
}

std::uint16_t Listener::port() const noexcept {
    const auto address = local_address(state_->listening.native_handle());
    if (address.ss_family == AF_INET)
        return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
    if (address.ss_family == AF_INET6)
        return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
    return 0;
}

}  // namespace airy::net
