// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "net/connection_pool.hpp"

#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>

namespace airy::net {

namespace asio = boost::asio;

void HttpConnection::close() noexcept {
    boost::system::error_code ignored;
    socket.close(ignored);
}

bool HttpConnection::has_unread() noexcept {
    if (buffer.size() > 0) return true;
    if (!tls) return false;
    SSL* const session = tls->native_handle();
    return ::SSL_pending(session) > 0 || ::BIO_ctrl_pending(::SSL_get_rbio(session)) > 0;
}

// An HTTP/1.1 server sends nothing unasked. A TLS server sends its session tickets before its first
// answer; another message of TLS costs no more than a new connection.
bool HttpConnection::closed_by_peer() noexcept {
    char byte = 0;
    const auto n = ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n >= 0 || (errno != EAGAIN && errno != EINTR);
}

// A coroutine's place in the line of those that wait for a lease.
struct ConnectionPool::Turn {
    Turn(ConnectionPool& in, Place origin, asio::steady_timer& timer)
        : pool(in), place(origin), wake(timer) {
        in_line = place->second.waiting.insert(place->second.waiting.end(), this);
    }
    ~Turn() {
        if (lease) {
            lease->keep();
            return;
        }
        place->second.waiting.erase(in_line);
        if (place->second.open == 0 && place->second.waiting.empty()) pool.origins_.erase(place);
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

    void grant(Lease granted) {
        lease.emplace(std::move(granted));
        place->second.waiting.erase(in_line);
        wake.cancel();
    }

    ConnectionPool& pool;
    Place place;
    asio::steady_timer& wake;
    std::list<Turn*>::iterator in_line;
    std::optional<Lease> lease;
};

ConnectionPool::Lease::~Lease() {
    if (!pool_) return;
    connection_.reset();
    pool_->give_back(place_, nullptr);
}

void ConnectionPool::Lease::keep() {
    const auto pool = std::exchange(pool_, nullptr);
    if (!pool) return;
    if (connection_) connection_->idle_since = util::steady_now();
    pool->give_back(place_, std::move(connection_));
}

std::optional<ConnectionPool::Lease> ConnectionPool::try_take(const Origin& origin) {
    sweep(util::steady_now());
    const auto place = origins_.try_emplace(origin).first;
    auto& entry = place->second;
    while (!entry.idle.empty()) {
        auto connection = std::move(entry.idle.back());
        entry.idle.pop_back();
        if (!connection->closed_by_peer())
            return Lease(shared_from_this(), place, std::move(connection));
        --entry.open;
    }
    if (entry.open >= limits_.per_origin || !entry.waiting.empty()) return std::nullopt;
    ++entry.open;
    return Lease(shared_from_this(), place, nullptr);
}

asio::awaitable<std::optional<ConnectionPool::Lease>> ConnectionPool::take(
    Origin origin, asio::steady_timer& deadline) {
    if (auto lease = try_take(origin)) co_return std::optional<Lease>(std::move(lease));
    Turn turn(*this, origins_.find(origin), deadline);
    const auto [ended] = co_await deadline.async_wait(asio::as_tuple(asio::use_awaitable));
    if (!turn.lease && ended)  // neither granted nor too late: the caller was cancelled
        throw boost::system::system_error(asio::error::operation_aborted);
    co_return std::optional<Lease>(std::move(turn.lease));
}

// `connection` null: the connection was closed.
void ConnectionPool::give_back(Place place, std::unique_ptr<HttpConnection> connection) {
    auto& entry = place->second;
    if (!entry.waiting.empty()) {
        entry.waiting.front()->grant(Lease(shared_from_this(), place, std::move(connection)));
    } else if (connection && !closed_) {
        entry.idle.push_back(std::move(connection));
    } else if (--entry.open == 0) {
        origins_.erase(place);
    }
}

// Closes connections of all origins that were idle for too long.
void ConnectionPool::sweep(util::SteadyTime now) {
    if (now < next_sweep_) return;
    next_sweep_ = now + limits_.idle / 4;
    for (auto place = origins_.begin(); place != origins_.end();) {
        auto& [origin, entry] = *place;
        entry.open -= std::erase_if(entry.idle, [this, now](const auto& connection) {
            return now - connection->idle_since >= limits_.idle;
        });
        place = entry.open == 0 && entry.waiting.empty() ? origins_.erase(place) : std::next(place);
    }
}

void ConnectionPool::drop_idle() noexcept {
    for (auto place = origins_.begin(); place != origins_.end();) {
        auto& entry = place->second;
        entry.open -= entry.idle.size();
        entry.idle.clear();
        place = entry.open == 0 && entry.waiting.empty() ? origins_.erase(place) : std::next(place);
    }
}

void ConnectionPool::close() noexcept {
    closed_ = true;
    drop_idle();
}

}  // namespace airy::net
