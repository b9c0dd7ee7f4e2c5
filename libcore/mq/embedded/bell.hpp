// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

#include "util/fd.hpp"

namespace airy::mq::embedded {

// A number in memory that all processes on one broker share, as a futex. A process that has written
// to the file rings the bell, and the kernel wakes one process that waits to write. The bell is
// only a hint: SQLite's own lock decides which process may write, and a process that dies leaves no
// lock. Any thread.
class Bell {
  public:
    // Makes the file if it does not exist. Throws Error{unreachable}.
    explicit Bell(const std::string& path);
    ~Bell();
    Bell(const Bell&) = delete;
    Bell& operator=(const Bell&) = delete;

    std::uint32_t rung() const noexcept { return word_->load(std::memory_order_acquire); }
    void ring() noexcept;

    // Waits until the bell has rung since `seen`, or until `limit` is over.
    void wait(std::uint32_t seen, std::chrono::nanoseconds limit) const noexcept;

    // The file's descriptor. A process holds flock(2) on it for work that only one process may do.
    int fd() const noexcept { return fd_.get(); }

  private:
    util::Fd fd_;
    std::atomic<std::uint32_t>* word_ = nullptr;
};

}  // namespace airy::mq::embedded
