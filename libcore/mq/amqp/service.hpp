// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <future>
#include <mutex>
#include <thread>

#include "mq/amqp/connection.hpp"
#include "util/clock.hpp"
#include "util/fd.hpp"
#include "util/limits.hpp"

namespace airy::mq::amqp {

// The thread that owns a connection. `serve` runs on it until it returns; it must look at
// `closing()` after each wake-up. Started and ended by the owner's thread.
class ServiceThread {
  public:
    ServiceThread() = default;
    ~ServiceThread();

    // Makes the thread, which waits for `start`: so a system without a thread left refuses before
    // the broker is asked for messages. Throws Error{general}; a repeated call does nothing.
    void prepare();

    template <typename Serve>
    void start(Serve serve) {
        std::packaged_task<void()> task(std::move(serve));
        prepare();
        ended_ = task.get_future();
        prepared_.set_value(std::move(task));
    }

    bool closing() const noexcept { return closing_.load(std::memory_order_acquire); }
    std::chrono::milliseconds close_deadline() const noexcept { return deadline_; }

    // Readable once closing.
    int stop_fd() const noexcept { return stop_.fd(); }

    // The thread itself only. Names the socket in use, -1: none; must be called before that socket
    // is closed.
    void watch(int socket) noexcept;

    // The bytes that have reached the peer's machine on the socket in use. Any thread.
    std::uint64_t bytes_sent() const noexcept;

    // The thread itself only. Waits until `inbox` or the connection's socket is readable (the
    // socket not before `rest_until`), `due` has come, heartbeats need service, or the owner
    // closes. Returns whether the socket should be read.
    bool wait_readable(const Connection& connection, int inbox, util::SteadyTime due,
                       util::SteadyTime rest_until = {}) const;

    // The thread itself only. False when closing ended the sleep early.
    bool sleep(std::chrono::milliseconds duration) const;

    // Sets closing, wakes the thread and joins. A thread that is stuck in a write to a peer that
    // does not read is freed after the deadline by shutting its socket down. Repeated calls do
    // nothing.
    void end(std::chrono::milliseconds deadline) noexcept;

  private:
    std::thread thread_;
    std::promise<std::packaged_task<void()>> prepared_;  // the thread waits for it
    std::future<void> ended_;
    std::chrono::milliseconds deadline_{0};  // written before closing_ is set
    std::atomic<bool> closing_{false};
    util::Wakeup stop_;
    mutable std::mutex socket_mutex_;
    int socket_ = -1;  // guarded by socket_mutex_
};

}  // namespace airy::mq::amqp
