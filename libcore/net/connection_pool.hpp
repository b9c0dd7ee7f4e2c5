// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "util/clock.hpp"

namespace airy::net {

// Bytes that a server may send before they can be taken: more than the head of an answer has.
inline constexpr std::size_t most_buffered = 128 * 1024;

// One connection to an HTTP server, with TLS when `tls` is set.
struct HttpConnection {
    explicit HttpConnection(boost::asio::io_context& loop) : socket(loop) {}

    void close() noexcept;
    // Whether bytes have come that no request has asked for, as far as they have been read.
    bool has_unread() noexcept;
    // Whether the server has closed it, or sends unasked, as far as the kernel knows by now.
    bool closed_by_peer() noexcept;

    boost::asio::ip::tcp::socket socket;
    std::optional<boost::asio::ssl::stream<boost::asio::ip::tcp::socket&>> tls;
    boost::beast::flat_buffer buffer{most_buffered};
    util::SteadyTime idle_since{};
};

// The server of a request: its connections can serve requests to the same origin.
struct Origin {
    bool tls = false;
    std::string host;
    std::uint16_t port = 0;
    auto operator<=>(const Origin&) const = default;
};

// The connections of one HTTP client by origin: the idle ones, the number of all, and the
// coroutines that wait for one. Lives on the loop thread; shared by the client and its requests.
// Idle connections do not keep a loop running; those idle for too long are closed when the next
// request to any origin comes.
class ConnectionPool : public std::enable_shared_from_this<ConnectionPool> {
  public:
    struct Limits {
        std::size_t per_origin;
        std::chrono::milliseconds idle;
    };

  private:
    struct Turn;
    struct Entry {
        std::vector<std::unique_ptr<HttpConnection>> idle;  // by time of use, the latest last
        std::size_t open = 0;                               // idle, leased or being made
        std::list<Turn*> waiting;
    };
    using Place = std::map<Origin, Entry>::iterator;

  public:
    // The right to one of the connections to an origin, and that connection once it is made. When
    // it is destroyed, the connection is closed and the right goes to the coroutine that waits
    // longest.
    class Lease {
      public:
        Lease(std::shared_ptr<ConnectionPool> pool, Place place,
              std::unique_ptr<HttpConnection> connection)
            : pool_(std::move(pool)), place_(place), connection_(std::move(connection)) {}
        Lease(Lease&& other) noexcept = default;  // leaves no pool behind
        Lease& operator=(Lease&&) = delete;
        ~Lease();

        HttpConnection* connection() const noexcept { return connection_.get(); }
        void put(std::unique_ptr<HttpConnection> made) noexcept { connection_ = std::move(made); }
        // Ends the lease; its connection may serve another request.
        void keep();

      private:
        std::shared_ptr<ConnectionPool> pool_;  // null: the lease is over
        Place place_;
        std::unique_ptr<HttpConnection> connection_;
    };

    explicit ConnectionPool(Limits limits) : limits_(limits) {}

    // An idle connection, or the right to make one; nullopt when all are in use.
    std::optional<Lease> try_take(const Origin& origin);

    // Waits for one, in the order of the calls. nullopt: `deadline` came first; no other coroutine
    // may wait on `deadline` meanwhile.
    boost::asio::awaitable<std::optional<Lease>> take(Origin origin,
                                                      boost::asio::steady_timer& deadline);

    void drop_idle() noexcept;
    // Closes idle connections, and keeps no connection from now on.
    void close() noexcept;

  private:
    void give_back(Place place, std::unique_ptr<HttpConnection> connection);
    void sweep(util::SteadyTime now);

    Limits limits_;
    bool closed_ = false;
    std::map<Origin, Entry> origins_;  // with open connections or waiting coroutines
    util::SteadyTime next_sweep_{};
};

}  // namespace airy::net
