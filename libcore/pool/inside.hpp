// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

namespace airy::pool {

class LaneHost;

// Marks this thread as running a part of one of the pool's tasks, as long as the mark lives: the
// task itself, or a stop callback of a task. Such a thread must not wait for the pool. Marks of
// several pools nest, since a task of one pool may fire the token of another pool's task.
class Inside {
  public:
    explicit Inside(const LaneHost& pool) noexcept;
    ~Inside();
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;
    // Whether this thread has a mark of the pool.
    static bool of(const LaneHost& pool) noexcept;

  private:
    const LaneHost& pool_;
    const Inside* const outer_;
};

}  // namespace airy::pool
