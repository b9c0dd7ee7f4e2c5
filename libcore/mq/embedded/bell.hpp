// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

#include "util/fd.hpp"

namespace airy::mq::embedded {

// A number in memory that all processes on one broker share, and in which the kernel lets them
// wait: who has written rings, who waits to write is woken one at a time. It is only a hint. Who
// may write is decided by SQLite's own lock, so that a process that dies leaves nothing behind.
// Any thread.
class Bell {
  public:
    // Makes the file where there is none. Throws Error{unreachable}.
    explicit Bell(const std::string& path);
    ~Bell();
    Bell(const Bell&) = delete;
    Bell& operator=(const Bell&) = delete;

    std::uint32_t rung() const noexcept { return word_->load(std::memory_order_acquire); }
    void ring() noexcept;

    // Until it has been rung since `seen`, or the time is over.
    void wait(std::uint32_t seen, std::chrono::nanoseconds limit) const noexcept;

    // Of the file; what must happen once among all processes is done under flock(2) on it.
    int fd() const noexcept { return fd_.get(); }

  private:
    util::Fd fd_;
    std::atomic<std::uint32_t>* word_ = nullptr;
};

}  // namespace airy::mq::embedded
