// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "pool/task.hpp"

namespace airy::pool {

// The coroutines asleep in TaskContext::sleep_for, by time. Loop thread only.
class SleepQueue {
  public:
    using Resume = Callable<void(bool), 24>;

    void add(util::SteadyTime at, Task& task, Resume resume);
    struct Due {
        Resume resume;
        const Task* task = nullptr;
        const void* runner = nullptr;
        bool in_full = false;  // false when the task was asked to stop; what resume is called with
        // Begins to load what resuming will touch.
        void prefetch() const noexcept;
    };
    // The next one due; with an empty resume when none is.
    Due pop_due(util::SteadyTime now);
    // The next one of this task, to be called with false; empty when it has none.
    Resume pop_of(Task& task);
    Resume pop_any();
    std::optional<util::SteadyTime> next() const;
    bool empty() const noexcept { return sleeping_ == 0; }

  private:
    struct Entry {
        std::int64_t at;
        std::uint32_t index;
    };
    struct Sleeper {
        Resume resume;  // empty once stopped
        Task* task;
        const void* runner;        // Task::runner, here to be known before the task is in the cache
        std::uint32_t prev, next;  // of the same task; next also chains the free ones
    };

    void push(Entry entry);
    void pop();
    void sift_down(std::size_t hole, Entry entry);
    void drop_stopped();
    void unlink(std::uint32_t index) noexcept;
    void free(std::uint32_t index) noexcept;

    std::vector<Entry> heap_;  // of four children, smallest first
    std::vector<Sleeper> sleepers_;
    std::uint32_t free_ = no_sleep;
    std::size_t sleeping_ = 0;  // entries less those whose sleeper was stopped
};

}  // namespace airy::pool
