// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "pool/task.hpp"

namespace airy::pool {

// The coroutines asleep in TaskContext::sleep_for(), by the time at which they wake. Loop thread
// only.
class SleepQueue {
  public:
    using Resume = Callable<void(bool), 24>;

    // The sleeper wakes at this time; its resumption takes whether it has slept in full.
    void add(util::SteadyTime at, Task& task, Resume resume);
    struct Due {
        Resume resume;
        const Task* task = nullptr;
        const void* runner = nullptr;
        bool in_full = false;  // the argument for resume: false when the task was asked to stop
        // Begins to load the memory that the resumption will touch.
        void prefetch() const noexcept;
    };
    // Takes out the next sleeper whose time has come; its resume is empty when there is none.
    Due pop_due(util::SteadyTime now);
    // Takes out a sleeper of this task, to be resumed with false; empty when there is none.
    Resume pop_of(Task& task);
    // Takes out any sleeper; empty when there is none.
    Resume pop_any();
    // The earliest time at which a look is due; that of a sleeper taken out early may be left.
    std::optional<util::SteadyTime> next() const;
    bool empty() const noexcept { return sleeping_ == 0; }

  private:
    struct Entry {
        std::int64_t at;
        std::uint32_t index;
    };
    struct Sleeper {
        Resume resume;  // empty when pop_of() has taken it
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
    std::size_t sleeping_ = 0;  // entries of heap_ whose sleeper still has its resume
};

}  // namespace airy::pool
