// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <thread>

#include "util/fd.hpp"

namespace airy::test {

// Passes bytes between a client and a broker on 127.0.0.1 and imitates a bad network. Has a thread
// of its own; all calls may come from any thread.
class TcpProxy {
  public:
    enum class Direction : std::size_t { to_broker, to_client };

    // Listens on `port`; 0: on any free one.
    explicit TcpProxy(std::uint16_t broker_port, std::uint16_t port = 0);
    ~TcpProxy();
    TcpProxy(const TcpProxy&) = delete;
    TcpProxy& operator=(const TcpProxy&) = delete;

    std::uint16_t port() const noexcept { return port_; }
    // `url`, an amqp:// one, with this proxy's port.
    std::string url(const std::string& url) const;

    // Resets all present connections.
    void cut();
    // Resets all connections once this many more bytes have passed in this direction; those bytes
    // still pass. One request at a time; it causes one cut.
    void cut_after(Direction direction, std::uint64_t bytes);
    void cut_no_more();  // withdraws a request that has caused no cut yet
    // Passes nothing on, and closes nothing, until resume.
    void stall();
    void resume();
    // Bytes a second in each direction; 0: no limit.
    void limit(std::uint64_t bytes_per_second);

    // Connections accepted, and cuts made, so far.
    std::uint64_t accepted() const noexcept { return accepted_.load(); }
    std::uint64_t cuts() const noexcept { return cuts_.load(); }

  private:
    struct Pipe {  // one direction of one connection
        std::string held;
        bool ended = false;  // its source has sent its last byte
    };
    struct Session {
        util::Fd client;
        util::Fd broker;
        std::array<Pipe, 2> pipes;
        bool broken = false;
    };

    void serve();
    void accept_one();
    void pass(Session& session);
    bool read_into(Pipe& pipe, int from);
    void write_from(Pipe& pipe, int to, Direction direction);
    void reset(Session& session);
    std::size_t allowance(Direction direction, std::size_t wanted);
    void refill();

    const std::uint16_t broker_port_;
    std::uint16_t port_ = 0;
    util::Fd listener_;
    util::Wakeup wakeup_;
    std::atomic<bool> ending_{false};
    std::atomic<std::uint64_t> accepted_{0};
    std::atomic<std::uint64_t> cuts_{0};

    std::mutex mutex_;  // guards the members down to the blank line
    bool stalled_ = false;
    bool cut_now_ = false;
    bool cut_armed_ = false;
    Direction cut_direction_ = Direction::to_broker;
    std::uint64_t cut_left_ = 0;
    std::uint64_t rate_ = 0;

    // Used by the proxy's thread only.
    std::list<Session> sessions_;
    std::array<double, 2> budget_{};
    std::chrono::steady_clock::time_point refilled_{};

    std::thread thread_;  // last
};

}  // namespace airy::test
