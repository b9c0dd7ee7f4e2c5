// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// The life of a pool: open, resize, release, wait, reboot.
#include <algorithm>
#include <string>
#include <utility>

#include "pool/inside.hpp"
#include "pool/state.hpp"
#include "util/error.hpp"

namespace airy::pool {

namespace {
// The longest sleep of a thread that waits by a clock other than its own.
constexpr std::chrono::nanoseconds longest_wait = std::chrono::hours(1);
}  // namespace

void State::open() {
    timekeeper_.start();
    if (!options_.prealloc) return;
    const std::size_t wanted = cap();
    for (std::size_t made = 0; made < wanted; ++made) {
        {
            std::lock_guard lock(lock_);
            if (closed_) return;  // released by another thread: nobody would join this one
            thread_lane_.expect_thread();
        }
        if (thread_lane_.create_thread()) continue;
        abandon();
        throw Error(ErrorKind::general,
                    "cannot make " + std::to_string(wanted) + " threads at the start, only " +
                        std::to_string(made),
                    "make the pool smaller, or raise the limit of threads (ulimit -u)");
    }
}

void State::timekeeper_runs(bool runs) noexcept {
    closed_ = !runs;
    if (!runs) waits_.changed.notify_all();
}

bool State::over() const noexcept {
    return closed_ && thread_lane_.live() == 0 &&
           (abandoned_ || (idle() && admission_.waiting() == 0));
}

void State::abandon() {
    release();
    Actions actions;
    std::uint64_t timekeeper;
    {
        std::lock_guard lock(lock_);
        abandoned_ = true;
        timekeeper = timekeeper_.number();
        // Once more, when the loop has just taken its last turn: its coroutines are to be ended.
        loop_lane_.want_turn(actions);
    }
    perform(actions);
    timekeeper_.kick();
    timekeeper_.join(timekeeper);
}

// Refuses new tasks and waiting submitters; with `stop`, also drops queued tasks and asks the
// others to stop.
void State::close(bool stop) {
    Actions actions;
    Stops stops;
    TaskList dropped;
    {
        std::lock_guard lock(lock_);
        closed_ = true;
        admission_.for_each_without_slot([&](Task& task) {
            if (!task.submitter && !stop) return;
            const bool refused = task.submitter;
            admission_.leave(task);
            if (refused)
                answer(task, Submitted::closed, actions);
            else
                dropped.push_back(task);
        });
        if (stop) {
            const auto ask = [&](Task& task) { request_stop(task, stops, actions); };
            thread_lane_.for_each_ready(ask);
            loop_lane_.for_each_ready(ask);
            deadlines_.for_each_running(ask);
        }
        loop_lane_.want_turn(actions);
    }
    perform(actions);
    while (Task* task = take_front(dropped))
        discard(task, OutcomeKind::rejected);
    fire(stops);
    timekeeper_.kick();
}

std::size_t State::release(std::chrono::nanoseconds timeout) {
    const auto start = clock_.steady();
    close(false);
    if (!wait_until(later(start, timeout))) {
        close(true);
        if (!wait_until(later(clock_.steady(), options_.stop_grace))) {
            std::lock_guard lock(lock_);
            return admission_.running() + admission_.queued();
        }
    }
    return 0;
}

bool State::wait(std::optional<std::chrono::nanoseconds> timeout) {
    if (!timeout) return wait_until(std::nullopt);
    return wait_until(later(clock_.steady(), *timeout));
}

// Waits until no task is left and, once closed, no thread; false when the deadline came first.
bool State::wait_until(std::optional<util::SteadyTime> deadline) {
    if (Inside::of(*this))
        throw Error(ErrorKind::general, "a task of the pool cannot wait for the pool");
    const bool on_loop = loop_.get_executor().running_in_this_thread();
    std::uint64_t timekeeper;
    {
        std::unique_lock lock(lock_);
        ++waits_.count;
        if (on_loop) waits_.on_loop = true;
        bool timed_out = false, stuck = false;
        while (!(idle() && (!closed_ || !timekeeper_.running())) && !timed_out) {
            stuck = on_loop && coroutines_left();
            if (stuck) break;
            if (!deadline) {
                waits_.changed.wait(lock);
                continue;
            }
            const std::chrono::nanoseconds left = *deadline - clock_.steady();
            timed_out = left.count() <= 0;
            if (!timed_out) waits_.changed.wait_for(lock, std::min(left, longest_wait));
        }
        --waits_.count;
        if (on_loop) waits_.on_loop = false;
        if (stuck)
            throw Error(ErrorKind::general,
                        "the loop's thread cannot wait for coroutines that run on it",
                        "co_await async_wait() instead");
        if (timed_out) return false;
        if (!closed_) return true;
        timekeeper = timekeeper_.number();
    }
    timekeeper_.join(timekeeper);
    return true;
}

// Under the lock: whether a coroutine runs, is queued, or stands in line.
bool State::coroutines_left() {
    bool any = loop_lane_.running() > 0;
    admission_.for_each_without_slot(
        [&](const Task& task) { any = any || task.lane == Lane::async; });
    return any;
}

// Under the lock: when the pool is idle, wakes the threads and coroutines that wait for that.
void State::note_idle(Actions& actions) {
    if (!idle()) return;
    if (waits_.count > 0) waits_.changed.notify_all();
    loop_lane_.wake_idle_waiters(actions);
    if (closed_) actions.kick = true;
}

boost::asio::awaitable<void> State::async_wait() {
    const auto self = shared_from_this();
    for (;;) {
        IdleWaiter waiter;
        auto suspended = suspend(waiter.resume);
        {
            std::lock_guard lock(lock_);  // one, so that the last end does not come between
            if (idle()) co_return;
            loop_lane_.wait_for_idle(waiter);
        }
        co_await std::move(suspended);
    }
}

void State::reboot() {
    {
        std::lock_guard lock(lock_);
        if (!closed_) throw Error(ErrorKind::general, "cannot reboot a pool that was not released");
        if (rebooting_)
            throw Error(ErrorKind::general, "cannot reboot a pool that another thread reboots");
        const auto left = admission_.running() + admission_.queued();
        if (left > 0)
            throw Error(ErrorKind::general,
                        "cannot reboot the pool: " + std::to_string(left) +
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
        admission_.set_cap(size);
        admit(actions);
    }
    perform(actions);
}

void State::clock_moved() {
    {
        std::lock_guard lock(lock_);
        waits_.changed.notify_all();
    }
    timekeeper_.kick();
    loop_lane_.post_sweep();
}

Metrics State::metrics() const {
    Metrics metrics;
    {
        std::lock_guard lock(lock_);
        metrics.cap = admission_.cap();
        metrics.running = admission_.running();
        metrics.free = admission_.free();
        metrics.waiting = admission_.waiting();
        metrics.queued = admission_.queued();
        metrics.overrun = deadlines_.overrun();
        metrics.threads_live = thread_lane_.live();
        metrics.threads_idle = thread_lane_.parked();
        metrics.released = closed_;
        tally_.copy_counts(metrics);
    }
    tally_.copy_times(metrics);
    return metrics;
}

std::size_t State::cap() const {
    std::lock_guard lock(lock_);
    return admission_.cap();
}

std::size_t State::running() const {
    std::lock_guard lock(lock_);
    return admission_.running();
}

std::size_t State::free() const {
    std::lock_guard lock(lock_);
    return admission_.free();
}

std::size_t State::waiting() const {
    std::lock_guard lock(lock_);
    return admission_.waiting();
}

bool State::closed() const {
    std::lock_guard lock(lock_);
    return closed_;
}

}  // namespace airy::pool
