// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <thread>

#include "mq/embedded/store.hpp"
#include "util/limits.hpp"

namespace airy::mq::embedded {

// The thread that owns a connection to the file. It runs `serve`, which must look at closing()
// after each wake-up. The owner's thread starts and ends it.
class ServiceThread {
  public:
    template <typename Serve>
    void start(Serve serve) {
        thread_ = util::start_thread(std::move(serve));
    }

    bool closing() const noexcept { return closing_.load(std::memory_order_acquire); }
    util::SteadyTime close_deadline() const noexcept { return deadline_; }

    // Sets closing(), calls `wake`, and joins the thread, which waits for the file no longer than
    // the deadline. A second call does nothing.
    template <typename Wake>
    void end(std::chrono::milliseconds deadline, Store& store, Wake wake) noexcept {
        if (!thread_.joinable()) return;
        deadline_ = std::chrono::steady_clock::now() + deadline;
        closing_.store(true, std::memory_order_release);
        store.hurry(deadline_);
        wake();
        thread_.join();
    }

  private:
    std::thread thread_;
    util::SteadyTime deadline_{};  // written before closing_ is set
    std::atomic<bool> closing_{false};
};

}  // namespace airy::mq::embedded
