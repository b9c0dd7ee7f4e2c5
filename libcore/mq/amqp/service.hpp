// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <future>
#include <thread>

#include "mq/amqp/connection.hpp"
#include "util/clock.hpp"

namespace airy::mq::amqp {

// Waits until `inbox` or the connection's socket is readable, `due` has come, or the connection
// must be served for its heartbeats. Returns whether the socket should be read.
bool wait_readable(const Connection& connection, int inbox, util::SteadyTime due);

// The thread that owns a connection. `serve` runs on it until it returns; it must look at
// `closing()` after each wake-up. Started and ended by the owner's thread.
class ServiceThread {
  public:
    ServiceThread() = default;
    ~ServiceThread() = default;

    template <typename Serve>
    void start(Serve serve) {
        std::packaged_task<void()> task(std::move(serve));
        ended_ = task.get_future();
        thread_ = std::thread(std::move(task));
    }

    bool closing() const noexcept { return closing_.load(std::memory_order_acquire); }
    std::chrono::milliseconds close_deadline() const noexcept { return deadline_; }

    // Sets closing, calls `wake`, and joins. A thread that is stuck in a write to a peer that does
    // not read is freed after the deadline by shutting its socket down. Repeated calls do nothing.
    template <typename Wake>
    void end(std::chrono::milliseconds deadline, int socket, Wake wake) noexcept {
        if (!thread_.joinable()) return;
        deadline_ = deadline;
        closing_.store(true, std::memory_order_release);
        wake();
        join_or_shut_down(deadline, socket);
    }

  private:
    void join_or_shut_down(std::chrono::milliseconds deadline, int socket) noexcept;

    std::thread thread_;
    std::future<void> ended_;
    std::chrono::milliseconds deadline_{0};  // written before closing_ is set
    std::atomic<bool> closing_{false};
};

}  // namespace airy::mq::amqp
