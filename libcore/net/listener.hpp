// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "util/fd.hpp"

namespace boost::asio {
class io_context;
}

namespace airy::net {

struct ListenAddress {
    std::string host;        // empty: every address of this host
    std::uint16_t port = 0;  // 0: a free one
};

// `HOST:PORT`, `[V6]:PORT` or `:PORT`. Throws Error{usage}.
ListenAddress parse_listen_address(std::string_view text);

// Sockets that listen. `backlog`: clients that may wait to be accepted. Both throw Error{general}
// whose message is the bare reason, e.g. "Address already in use". A host with several addresses is
// listened on at the first that is free. Looking up a name has ten seconds, and ends with
// Error{interrupted} once the descriptor `interrupt` is readable (-1: never).
util::Fd listen_tcp(const ListenAddress& address, int backlog, int interrupt = -1);

// Only this user may connect (mode 0600). The socket is bound under another name and renamed when
// it listens: so a socket of this name that refuses connections is certainly stale.
util::Fd listen_unix(const std::string& path, int backlog);

// A client that was accepted, over TCP or a Unix socket.
using ClientSocket = boost::asio::generic::stream_protocol::socket;

struct ListenerLimits {
    enum class WhenFull { refuse_newest, drop_oldest };

    std::size_t connections = 32;  // clients at once
    WhenFull when_full = WhenFull::refuse_newest;
    std::chrono::milliseconds patience = std::chrono::seconds(10);  // then a client is dropped
};

// Accepts clients on the loop thread of `loop`, which must outlive it, and serves each by a
// coroutine of its own. Out of descriptors, it pauses while clients wait in the backlog. A
// destroyed listener accepts no more clients; the coroutines that serve go on until they end or
// `patience` is over.
class Listener {
  public:
    // Serves one client; the socket is closed when it ends, however it ends. Shared with the
    // listener, which closes the socket when its time is over.
    using Serve = std::function<boost::asio::awaitable<void>(std::shared_ptr<ClientSocket>)>;

    Listener(boost::asio::io_context& loop, util::Fd listening, ListenerLimits limits, Serve serve);
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    std::uint16_t port() const noexcept;  // of a TCP socket, else 0

  private:
    struct State;
    std::shared_ptr<State> state_;  // shared with the coroutines that accept and serve
};

}  // namespace airy::net
