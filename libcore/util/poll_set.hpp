// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include "util/fd.hpp"

namespace airy::util {

// Joins several descriptors into one, readable while any of them is: an epoll(7) instance. One
// thread at a time.
class PollSet {
  public:
    // Throws Error{general} when the system has no descriptor left.
    PollSet();

    int fd() const noexcept { return epoll_.get(); }

    // `fd` stays the caller's and must be removed before it is closed. Throws Error{general}.
    void add(int fd);
    void remove(int fd) noexcept;

  private:
    Fd epoll_;
};

}  // namespace airy::util
