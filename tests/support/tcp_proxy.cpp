// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "tcp_proxy.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <vector>

namespace airy::test {
namespace {

constexpr std::size_t held_limit = 64 * 1024;  // bytes of one direction held back
constexpr int tick = 20;                       // ms between checks while bytes are held back

util::Fd tcp_socket() {
    util::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd) throw std::runtime_error("socket");
    return fd;
}

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

void no_delay(int fd) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

}  // namespace

TcpProxy::TcpProxy(std::uint16_t broker_port, std::uint16_t port)
    : broker_port_(broker_port), listener_(tcp_socket()) {
    const int on = 1;  // a former proxy's connections on this port may linger
    ::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    // The client soon notices that its bytes do not pass: the system keeps few for it.
    const int few = 16 * 1024;
    ::setsockopt(listener_.get(), SOL_SOCKET, SO_RCVBUF, &few, sizeof few);
    auto address = loopback(port);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_.get(), generic, size) != 0 || ::listen(listener_.get(), 64) != 0 ||
        ::getsockname(listener_.get(), generic, &size) != 0)
        throw std::runtime_error("cannot listen on 127.0.0.1");
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
}

TcpProxy::~TcpProxy() {
    ending_ = true;
    wakeup_.signal();
    thread_.join();
}

std::string TcpProxy::url(const std::string& url) const {
    const auto at = url.rfind('@');
    const auto colon = url.find(':', at);
    const auto slash = url.find('/', colon);
    return url.substr(0, colon + 1) + std::to_string(port_) + url.substr(slash);
}

void TcpProxy::cut() {
    const std::lock_guard lock(mutex_);
    cut_now_ = true;
    wakeup_.signal();
}

void TcpProxy::cut_after(Direction direction, std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    cut_armed_ = true;
    cut_direction_ = direction;
    cut_left_ = bytes;
}

void TcpProxy::cut_no_more() {
    const std::lock_guard lock(mutex_);
    cut_armed_ = false;
}

void TcpProxy::stall() {
    const std::lock_guard lock(mutex_);
    stalled_ = true;
    wakeup_.signal();
}

void TcpProxy::resume() {
    const std::lock_guard lock(mutex_);
    stalled_ = false;
    wakeup_.signal();
}

void TcpProxy::limit(std::uint64_t bytes_per_second) {
    const std::lock_guard lock(mutex_);
    rate_ = bytes_per_second;
    wakeup_.signal();
}

void TcpProxy::accept_one() {
    util::Fd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!client) return;
    util::Fd broker = tcp_socket();
    const auto address = loopback(broker_port_);
    if (::connect(broker.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return;  // closes the client's connection, as if no broker had answered
    no_delay(client.get());
    no_delay(broker.get());
    ++accepted_;
    sessions_.push_back({std::move(client), std::move(broker), {}, false});
}

// False when the source failed.
bool TcpProxy::read_into(Pipe& pipe, int from) {
    char chunk[16 * 1024];
    while (!pipe.ended && pipe.held.size() < held_limit) {
        const auto n = ::recv(from, chunk, sizeof chunk, MSG_DONTWAIT);
        if (n > 0)
            pipe.held.append(chunk, static_cast<std::size_t>(n));
        else if (n == 0)
            pipe.ended = true;
        else
            return errno == EAGAIN || errno == EINTR;
    }
    return true;
}

void TcpProxy::refill() {
    const auto now = std::chrono::steady_clock::now();
    const double seconds = std::chrono::duration<double>(now - refilled_).count();
    refilled_ = now;
    for (auto& budget : budget_)
        budget = std::min(budget + seconds * static_cast<double>(rate_),
                          static_cast<double>(rate_) / 10 + 1);
}

// The number of bytes that may pass now. The caller holds the lock.
std::size_t TcpProxy::allowance(Direction direction, std::size_t wanted) {
    if (stalled_ || cut_now_) return 0;  // nothing passes between cut() and the cut
    if (rate_ != 0)
        wanted = std::min(wanted,
                          static_cast<std::size_t>(budget_[static_cast<std::size_t>(direction)]));
    if (cut_armed_ && cut_direction_ == direction)
        wanted = static_cast<std::size_t>(std::min<std::uint64_t>(wanted, cut_left_));
    return wanted;
}

void TcpProxy::write_from(Pipe& pipe, int to, Direction direction) {
    const std::lock_guard lock(mutex_);
    const auto size = allowance(direction, pipe.held.size());
    if (size > 0) {
        const auto n = ::send(to, pipe.held.data(), size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n <= 0) return;
        pipe.held.erase(0, static_cast<std::size_t>(n));
        if (rate_ != 0) budget_[static_cast<std::size_t>(direction)] -= static_cast<double>(n);
        if (cut_armed_ && cut_direction_ == direction) cut_left_ -= static_cast<std::uint64_t>(n);
    }
    if (cut_armed_ && cut_direction_ == direction && cut_left_ == 0 && !pipe.held.empty()) {
        cut_armed_ = false;
        cut_now_ = true;
    }
}

void TcpProxy::pass(Session& session) {
    auto& [to_broker, to_client] = session.pipes;
    if (!read_into(to_broker, session.client.get()) || !read_into(to_client, session.broker.get()))
        session.broken = true;
    write_from(to_broker, session.broker.get(), Direction::to_broker);
    write_from(to_client, session.client.get(), Direction::to_client);
    if (to_broker.ended && to_broker.held.empty()) ::shutdown(session.broker.get(), SHUT_WR);
    if (to_client.ended && to_client.held.empty()) session.broken = true;
}

void TcpProxy::reset(Session& session) {
    const linger at_once{1, 0};
    for (auto* fd : {&session.client, &session.broker}) {
        ::setsockopt(fd->get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
        fd->reset();
    }
    session.broken = true;
}

void TcpProxy::serve() {
    refilled_ = std::chrono::steady_clock::now();
    while (!ending_) {
        std::vector<pollfd> waiting{{listener_.get(), POLLIN, 0}, {wakeup_.fd(), POLLIN, 0}};
        bool holding = false;
        for (const auto& session : sessions_) {
            const int fds[] = {session.client.get(), session.broker.get()};
            for (std::size_t i = 0; i < 2; ++i) {
                const auto& pipe = session.pipes[i];
                holding = holding || !pipe.held.empty();
                const bool full = pipe.held.size() >= held_limit || pipe.ended;
                waiting.push_back({full ? -1 : fds[i], POLLIN, 0});
            }
        }
        ::poll(waiting.data(), waiting.size(), holding ? tick : -1);
        wakeup_.clear();
        if (waiting[0].revents != 0) accept_one();
        {
            const std::lock_guard lock(mutex_);
            refill();
        }
        for (auto& session : sessions_)
            pass(session);
        bool cut = false;
        {
            const std::lock_guard lock(mutex_);
            cut = std::exchange(cut_now_, false);
        }
        if (cut) {
            for (auto& session : sessions_)
                reset(session);
            ++cuts_;
        }
        std::erase_if(sessions_, [](const Session& session) { return session.broken; });
    }
}

}  // namespace airy::test
