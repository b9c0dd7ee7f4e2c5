// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>

#include "pool/task.hpp"

namespace airy::pool {

// The time that is `by` after `time`, or the end of time when that is beyond it.
inline util::SteadyTime later(util::SteadyTime time, std::chrono::nanoseconds by) noexcept {
    return by > util::SteadyTime::max() - time ? util::SteadyTime::max() : time + by;
}

// The running tasks and the times at which they, or the submitters that wait, have had enough. It
// reads no clock and wakes nobody. Guarded by the pool's lock.
class Deadlines {
  public:
    explicit Deadlines(std::chrono::nanoseconds task_timeout) noexcept  // 0 = none
        : task_timeout_(task_timeout) {}

    // The task runs from now on, until its own timeout or the pool's. Returns its deadline, or the
    // end of time when it has none.
    util::SteadyTime start(Task& task, util::SteadyTime now);
    void end(Task& task) noexcept {
        if (task.timed_out)
            take_out(overrun_, task);
        else
            take_out(task.has_own_timeout() ? own_timeout_ : started_, task);
        clear_timer(task);
    }

    // Of a task that has extras: its submitter waits until then.
    void set_timer(Task& task, util::SteadyTime at);
    void clear_timer(Task& task) noexcept {
        if (task.extras && task.extras->timer) erase_timer(*task.extras);
    }

    // Returns a task whose time has come, once: a running task, which counts as overrun from now
    // on, or a task whose submitter has waited until its deadline. nullptr when there is none.
    Task* pop_due(util::SteadyTime now) noexcept;
    // The earliest time at which pop_due() will return a task; the end of time when there is none.
    util::SteadyTime next() const noexcept;

    std::size_t overrun() const noexcept { return overrun_.size(); }  // tasks past their deadline
    template <class F>
    void for_each_running(F f) {
        for_each(started_, f);
        for_each(own_timeout_, f);
        for_each(overrun_, f);
    }

  private:
    void erase_timer(Extras& extras) noexcept;

    TaskList started_;         // running with the pool's timeout; by start, and so by deadline
    TaskList own_timeout_;     // running with a timeout of their own
    CountedTaskList overrun_;  // running past their deadline
    Timers timers_;
    const std::chrono::nanoseconds task_timeout_;
};

}  // namespace airy::pool
