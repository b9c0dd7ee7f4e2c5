// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <utility>

namespace airy::util {

// Owns one file descriptor; closes it at the end of its life. Not thread-safe.
class Fd {
  public:
    Fd() noexcept = default;
    explicit Fd(int fd) noexcept : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        if (this != &other) reset(std::exchange(other.fd_, -1));
        return *this;
    }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd() { reset(); }

    int get() const noexcept { return fd_; }
    explicit operator bool() const noexcept { return fd_ >= 0; }
    int release() noexcept { return std::exchange(fd_, -1); }
    void reset(int fd = -1) noexcept;

  private:
    int fd_ = -1;
};

// Another descriptor for the same file, closed on exec. Throws Error{general}.
Fd duplicate(int fd);

// An eventfd(2): one thread signals, another polls `fd()` for reading. Level-triggered until
// cleared. Both calls may come from any thread and never block.
class Wakeup {
  public:
    Wakeup();
    int fd() const noexcept { return fd_.get(); }
    void signal() noexcept;
    void clear() noexcept;

  private:
    Fd fd_;
};

}  // namespace airy::util
