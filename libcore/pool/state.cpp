// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// The life of a pool: open, release, wait, reboot.
#include "pool/state.hpp"

#include <algorithm>

#include "util/error.hpp"

namespace airy::pool {

State::State(Options options, boost::asio::io_context& loop)
    : options_(std::move(options)),
      clock_(*options_.clock),
      loop_(loop),
      cap_(options_.size),
      sleep_timer_(loop) {}

State::~State() {
    while (spare_)
        delete std::exchange(spare_, spare_->links.next);
}

void State::open() {
    start_timekeeper();
    if (!options_.prealloc) return;
    const std::size_t wanted = cap();
    for (std::size_t made = 0; made < wanted; ++made) {
        {
            std::lock_guard lock(lock_);
            if (closed_) return;  // released by another thread: nobody would join this one
            ++threads_;
            ++waking_;
        }
        if (create_worker()) continue;
        thread_refused();
        abandon();
        throw Error(ErrorKind::general,
                    "cannot make " + std::to_string(wanted) + " threads at the start, only " +
                        std::to_string(made),
                    "make the pool smaller, or raise the limit of threads (ulimit -u)");
    }
}

void State::abandon() {
    release();
    Actions actions;
    std::uint64_t timekeeper;
    {
        std::unique_lock lock(lock_);
        abandoned_ = true;
        timekeeper = timekeepers_;
        // Once more, when the loop has just taken its last turn: its coroutines are to be ended.
        want_loop(actions);
    }
    perform(actions);
    kick_timekeeper();
    join_timekeeper(timekeeper);
}

void State::release() {
    close(true);
}

// Refuses what is new and who waits; with stop, also drops what is queued and asks the rest to
// stop.
void State::close(bool stop) {
    Actions actions;
    Stops stops;
    TaskList dropped;
    {
        std::lock_guard lock(lock_);
        closed_ = true;
        const auto leave = [&](Task* task) {
            if (!task->submitter && !stop) return;
            const bool refused = task->submitter;
            leave_line(task);
            if (refused)
                answer(task, Submitted::closed, actions);
            else
                dropped.push_back(task);
        };
        // Those behind their key first, so that none of them gets in line when the first leaves it.
        for (auto& [name, key] : keys_)
            key.tasks.for_each(leave);
        admission_.for_each(leave);
        if (stop)
            for (TaskList* list : {&ready_, &loop_ready_, &started_, &own_timeout_, &overrun_})
                list->for_each([&](Task* task) { request_stop(task, stops, actions); });
        want_loop(actions);
    }
    perform(actions);
    while (Task* task = dropped.pop_front())
        discard(task, OutcomeKind::rejected);
    fire(stops);
    kick_timekeeper();
}

std::size_t State::release(std::chrono::nanoseconds timeout) {
    const auto start = clock_.steady();
    close(false);
    if (!wait_until(later(start, timeout))) {
        close(true);
        if (!wait_until(later(clock_.steady(), options_.stop_grace))) {
            std::lock_guard lock(lock_);
            return running_ + queued_;
        }
    }
    return 0;
}

bool State::wait(std::optional<std::chrono::nanoseconds> timeout) {
    if (!timeout) return wait_until(std::nullopt);
    return wait_until(later(clock_.steady(), *timeout));
}

// Until no task is left and, once closed, no thread; false when the deadline came first.
bool State::wait_until(std::optional<util::SteadyTime> deadline) {
    if (Inside::of(*this))
        throw Error(ErrorKind::general, "a task of the pool cannot wait for the pool");
    const bool on_loop = loop_.get_executor().running_in_this_thread();
    std::uint64_t timekeeper;
    {
        std::unique_lock lock(lock_);
        ++waits_;
        if (on_loop) loop_waits_ = true;
        bool timed_out = false, stuck = false;
        while (!(idle() && (!closed_ || timekeeper_over_)) && !timed_out) {
            stuck = on_loop && coroutines_left();
            if (stuck) break;
            if (!deadline) {
                changed_.wait(lock);
                continue;
            }
            const auto left = *deadline - clock_.steady();
            timed_out = left.count() <= 0;
            if (!timed_out) changed_.wait_for(lock, std::min<Nanoseconds>(left, longest_sleep));
        }
        --waits_;
        if (on_loop) loop_waits_ = false;
        if (stuck)
            throw Error(ErrorKind::general,
                        "the loop's thread cannot wait for coroutines that run on it",
                        "co_await async_wait() instead");
        if (timed_out) return false;
        if (!closed_) return true;
        timekeeper = timekeepers_;
    }
    join_timekeeper(timekeeper);
    return true;
}

// Under the lock: whether a coroutine runs, is queued, or stands in line.
bool State::coroutines_left() {
    bool any = running_async_ > 0;
    const auto look = [&](const Task* task) { any = any || task->lane == Lane::async; };
    for (auto& [name, key] : keys_)
        key.tasks.for_each(look);
    admission_.for_each(look);
    return any;
}

// Under the lock.
void State::note_idle(Actions& actions) {
    if (!idle()) return;
    if (waits_ > 0) changed_.notify_all();
    if (!idle_waiters_.empty()) want_loop(actions);
    if (closed_) actions.kick = true;
}

void State::reboot() {
    {
        std::unique_lock lock(lock_);
        if (!closed_) throw Error(ErrorKind::general, "cannot reboot a pool that was not released");
        if (rebooting_)
            throw Error(ErrorKind::general, "cannot reboot a pool that another thread reboots");
        if (!idle())
            throw Error(ErrorKind::general,
                        "cannot reboot the pool: " + std::to_string(running_ + queued_) +
                            " tasks are left from before the release",
                        "wait() for them first");
        rebooting_ = true;
    }
    const auto done = [this] {
        std::lock_guard lock(lock_);
        rebooting_ = false;
    };
    try {
        wait_until(std::nullopt);  // the idle threads are ending
        open();
    } catch (...) {
        done();
        throw;
    }
    done();
}

void State::resize(std::size_t size) {
    if (size == 0) throw Error(ErrorKind::usage, "a pool cannot have a size of 0");
    Actions actions;
    {
        std::lock_guard lock(lock_);
        cap_ = size;
        admit(actions);
    }
    perform(actions);
}

void State::clock_moved() {
    {
        std::lock_guard lock(lock_);
        changed_.notify_all();
    }
    kick_timekeeper();
    post_sweep();
}

std::stop_token State::stop_token(Task& task) {
    std::lock_guard lock(lock_);
    auto& stop = task.more().stop;
    if (!stop) {
        stop.emplace();
        if (task.stop_requested.load(std::memory_order_relaxed)) stop->request_stop();
    }
    return stop->get_token();
}

Metrics State::metrics() const {
    Metrics metrics;
    {
        std::lock_guard lock(lock_);
        metrics.cap = cap_;
        metrics.running = running_;
        metrics.free = cap_ > running_ ? cap_ - running_ : 0;
        metrics.waiting = waiting_;
        metrics.queued = queued_;
        metrics.overrun = overrun_.size();
        metrics.threads_live = threads_;
        metrics.threads_idle = parked_.size();
        metrics.released = closed_;
        metrics.submitted = submitted_;
        metrics.totals = totals_;
    }
    metrics.wait = wait_times_.snapshot();
    metrics.run = run_times_.snapshot();
    return metrics;
}

std::size_t State::cap() const {
    std::lock_guard lock(lock_);
    return cap_;
}

std::size_t State::running() const {
    std::lock_guard lock(lock_);
    return running_;
}

std::size_t State::free() const {
    std::lock_guard lock(lock_);
    return cap_ > running_ ? cap_ - running_ : 0;
}

std::size_t State::waiting() const {
    std::lock_guard lock(lock_);
    return waiting_;
}

bool State::closed() const {
    std::lock_guard lock(lock_);
    return closed_;
}

}  // namespace airy::pool
