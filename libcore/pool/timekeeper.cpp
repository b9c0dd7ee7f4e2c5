// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// The timekeeper: one thread that ends what has waited, run or idled for too long.
#include <algorithm>

#include "pool/state.hpp"
#include "util/error.hpp"

namespace airy::pool {

// Opens the pool with it.
void State::start_timekeeper() {
    std::lock_guard lock(join_mutex_);
    {
        std::lock_guard state_lock(lock_);
        closed_ = timekeeper_over_ = false;
        next_check_ = util::SteadyTime::max();
        ++timekeepers_;
    }
    try {
        timekeeper_ = std::thread([this] { keep_time(); });
    } catch (const std::system_error& error) {
        std::lock_guard state_lock(lock_);
        closed_ = timekeeper_over_ = true;
        changed_.notify_all();
        throw Error(ErrorKind::general,
                    std::string("cannot start the pool's timekeeper: ") + error.what());
    }
}

// Of this number only: the next one is started after somebody else has joined this.
void State::join_timekeeper(std::uint64_t number) {
    std::lock_guard lock(join_mutex_);
    if (number == timekeepers_ && timekeeper_.joinable()) timekeeper_.join();
}

void State::kick_timekeeper() noexcept {
    {
        std::lock_guard lock(kick_mutex_);
        kicked_ = true;
    }
    kick_changed_.notify_one();
}

// Under the lock: the timekeeper must look at the clock by then.
void State::check_by(util::SteadyTime at, Actions& actions) {
    if (at >= next_check_) return;
    next_check_ = at;
    actions.kick = true;
}

void State::set_timer(Task* task, util::SteadyTime at, Actions& actions) {
    task->extras->timer = timers_.emplace(at, task);
    check_by(at, actions);
}

void State::clear_timer(Task* task) noexcept {
    if (!task->extras || !task->extras->timer) return;
    timers_.erase(*task->extras->timer);
    task->extras->timer.reset();
}

void State::keep_time() {
    std::unique_lock lock(lock_);
    for (;;) {
        check_deadlines(lock);
        join_ended(lock);
        if (over()) break;
        const bool nothing = next_check_ == util::SteadyTime::max();
        auto sleep = nothing ? longest_sleep
                             : std::min<Nanoseconds>(next_check_ - clock_.steady(), longest_sleep);
        if (stall_at_)
            sleep = std::min<Nanoseconds>(sleep, *stall_at_ - std::chrono::steady_clock::now());
        lock.unlock();
        {
            std::unique_lock kick(kick_mutex_);
            kick_changed_.wait_for(kick, sleep, [this] { return kicked_; });
            kicked_ = false;
        }
        lock.lock();
    }
    timekeeper_over_ = true;
    changed_.notify_all();
}

// With the lock, which it may open meanwhile. Sets next_check_.
void State::check_deadlines(std::unique_lock<Lock>& lock) {
    const auto now = clock_.steady();
    Actions actions;
    Stops stops;
    next_check_ = util::SteadyTime::max();
    while (Task* task = started_.front()) {
        if (!task->has_deadline) break;
        if (task->deadline > now) {
            next_check_ = task->deadline;
            break;
        }
        expire(task, stops, actions);
    }
    while (!timers_.empty()) {
        const auto [at, task] = *timers_.begin();
        if (at > now) {
            next_check_ = std::min(next_check_, at);
            break;
        }
        expire(task, stops, actions);
    }
    check_stall(now, actions);
    end_idle(now, actions);
    actions.kick = false;  // this is the one to be kicked
    if (!actions.any() && stops.empty()) return;
    lock.unlock();
    perform(actions);
    fire(stops);
    lock.lock();
}

// Under the lock: a task is past its deadline, or its submitter has waited until its own.
void State::expire(Task* task, Stops& stops, Actions& actions) {
    clear_timer(task);
    if (task->place != Place::running) {
        leave_line(task);
        answer(task, Submitted::deadline, actions);
        return;
    }
    const bool own = task->extras && task->extras->timeout;
    (own ? own_timeout_ : started_).erase(task);
    task->timed_out = true;
    overrun_.push_back(task);
    request_stop(task, stops, actions);
}

// Under the lock. A callable's token fires from the list that is returned, once the lock is free;
// a coroutine's on the loop.
void State::request_stop(Task* task, Stops& stops, Actions& actions) {
    if (task->stop_requested.exchange(true, std::memory_order_relaxed)) return;
    if (task->lane == Lane::async) {
        task->stop_queued = true;
        loop_stops_.push_back(task);
        want_loop(actions);
    } else if (task->extras && task->extras->stop) {
        stops.push_back(*task->extras->stop);
    }
}

// Under the lock: has the timekeeper look soon whether the thread lane goes on. By real time
// always, since it is about threads and not about tasks.
void State::check_for_stall(std::chrono::nanoseconds after, Actions& actions) {
    if (stall_at_) return;
    stall_at_ = std::chrono::steady_clock::now() + after;
    taken_at_check_ = taken_;
    actions.kick = true;
}

// Under the lock: when no ready task was taken since the last look, the threads at work are held
// up, so each ready task gets a thread of its own.
void State::check_stall(util::SteadyTime now, Actions& actions) {
    if (!stall_at_ || *stall_at_ > std::chrono::steady_clock::now()) return;
    stall_at_.reset();
    wake_answered();
    if (ready_.empty()) return;
    if (taken_ != taken_at_check_) {
        check_for_stall(stall_check, actions);
        return;
    }
    mean_run_ns_.store(long_run_ns, std::memory_order_relaxed);
    for (auto missing = ready_.size() - std::min(ready_.size(), waking_); missing > 0; --missing)
        want_worker(now, actions);
}

// Under the lock.
void State::end_idle(util::SteadyTime now, Actions& actions) {
    const bool all = closed_ && queued_ == 0;
    while (Worker* worker = parked_.front()) {
        if (!all && options_.prealloc) break;
        if (!all && later(worker->idle_since, options_.expiry) > now) {
            next_check_ = std::min(next_check_, later(worker->idle_since, options_.expiry));
            break;
        }
        parked_.erase(worker);
        actions.end.push_back(worker);
    }
}

// With the lock, which it opens meanwhile.
void State::join_ended(std::unique_lock<Lock>& lock) {
    while (Worker* worker = ended_.pop_front()) {
        lock.unlock();
        pthread_join(worker->thread, nullptr);
        lock.lock();
        --threads_;
        unused_.push_back(worker);
    }
}

// Under the lock: nothing is left that the timekeeper of a released pool must see to.
bool State::over() const noexcept {
    return closed_ && threads_ == 0 && (abandoned_ || (idle() && waiting_ == 0));
}

}  // namespace airy::pool
