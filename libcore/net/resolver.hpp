// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "net/lookup.hpp"

namespace airy::net {

// Finds the addresses of hosts for the coroutines of one loop. getaddrinfo(3) blocks and has no
// deadline, so it runs on a thread of its own, which may outlive the resolver and the loop: with
// Asio's resolver, one dead name server would delay the end of the io_context and all other names.
// Coroutines that ask for the same name share one lookup. Lives on the loop thread.
class Resolver {
  public:
    explicit Resolver(boost::asio::io_context& loop);  // by find_host
    Resolver(boost::asio::io_context& loop, FindHost find_host);
    ~Resolver();
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    // The addresses of a name or of an address as text; at least one. Waits on `deadline`; no other
    // coroutine may wait on it meanwhile. Throws Error{unreachable} with the bare reason, e.g.
    // "resolving 'host' took too long".
    boost::asio::awaitable<std::vector<boost::asio::ip::tcp::endpoint>> resolve(
        const std::string& host, std::uint16_t port, boost::asio::steady_timer& deadline);

  private:
    struct Lookup;
    struct Waiting;
    void start_next();
    void finish(const std::shared_ptr<Lookup>& lookup);

    boost::asio::io_context& loop_;
    const FindHost find_host_;
    std::map<std::string, std::shared_ptr<Lookup>> lookups_;  // under way or queued, by name
    std::deque<std::shared_ptr<Lookup>> queued_;              // for a thread
    int threads_ = 0;
};

}  // namespace airy::net
