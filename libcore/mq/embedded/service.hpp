// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <thread>

#include "mq/embedded/store.hpp"

namespace airy::mq::embedded {

// The thread that owns a connection to the file. `serve` runs on it until it returns; it must look
// at closing() after each wake-up. Started and ended by the owner's thread.
class ServiceThread {
  public:
    template <typename Serve>
    void start(Serve serve) {
        thread_ = std::thread(std::move(serve));
    }

    bool closing() const noexcept { return closing_.load(std::memory_order_acquire); }
    util::SteadyTime close_deadline() const noexcept { return deadline_; }

    // Sets closing, calls `wake`, and joins; the thread does not wait for the file beyond the
    // deadline. Repeated calls do nothing.
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
