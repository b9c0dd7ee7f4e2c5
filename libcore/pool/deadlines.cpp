// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "pool/deadlines.hpp"

#include <algorithm>

namespace airy::pool {

util::SteadyTime Deadlines::start(Task& task, util::SteadyTime now) {
    const bool own = task.has_own_timeout();
    const auto timeout = own ? *task.extras->timeout : task_timeout_;
    task.place = Place::running;
    task.started = now;
    task.has_deadline = timeout.count() > 0;
    task.deadline = later(now, timeout);
    (own ? own_timeout_ : started_).push_back(task);
    if (!task.has_deadline) return util::SteadyTime::max();
    if (own) set_timer(task, task.deadline);
    return task.deadline;
}

void Deadlines::set_timer(Task& task, util::SteadyTime at) {
    task.extras->timer = timers_.emplace(at, &task);
}

void Deadlines::erase_timer(Extras& extras) noexcept {
    timers_.erase(*extras.timer);
    extras.timer.reset();
}

Task* Deadlines::pop_due(util::SteadyTime now) noexcept {
    Task* due = nullptr;
    if (!started_.empty() && started_.front().has_deadline && started_.front().deadline <= now)
        due = &started_.front();
    else if (!timers_.empty() && timers_.begin()->first <= now)
        due = timers_.begin()->second;
    if (!due) return nullptr;
    clear_timer(*due);
    if (due->place == Place::running) {
        take_out(due->has_own_timeout() ? own_timeout_ : started_, *due);
        due->timed_out = true;
        overrun_.push_back(*due);
    }
    return due;
}

util::SteadyTime Deadlines::next() const noexcept {
    auto next = timers_.empty() ? util::SteadyTime::max() : timers_.begin()->first;
    if (!started_.empty() && started_.front().has_deadline)
        next = std::min(next, started_.front().deadline);
    return next;
}

}  // namespace airy::pool
