// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include "pool/task.hpp"

namespace airy::pool {

// Ended tasks that are kept for later submissions, which saves their allocation. A submitting
// thread takes all of a pool's spare tasks at once into a store of its own.
class SpareTasks {
  public:
    SpareTasks() = default;
    ~SpareTasks();
    SpareTasks(const SpareTasks&) = delete;
    SpareTasks& operator=(const SpareTasks&) = delete;

    // Without a lock: a task of this thread's store, or a new one.
    static TaskPtr take();
    // Under the pool's lock: moves all spare tasks to this thread's store, when that is empty.
    void refill() noexcept {
        if (first_) fill_store();
    }
    // Under the pool's lock: keeps the task; false when the caller is to delete it without the
    // lock.
    [[nodiscard]] bool keep(Task& task) noexcept;

  private:
    void fill_store() noexcept;

    Task* first_ = nullptr;  // chained by next_spare
    std::size_t size_ = 0;
};

}  // namespace airy::pool
