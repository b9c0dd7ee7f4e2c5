// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "pool/thread_lane.hpp"

#include <limits.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "pool/deadlines.hpp"
#include "pool/inside.hpp"
#include "pool/settle.hpp"

namespace airy::pool {

namespace {
constexpr std::chrono::microseconds stall_check{200};
constexpr std::chrono::milliseconds thread_retry{10};
}  // namespace

void ThreadLane::push(Task& task, Actions& actions) {
    ready_.push_back(task);
    note_ready();
    want_worker(task.submitted, actions);
}

void ThreadLane::note_ready() noexcept {
    ready_hint_.store(static_cast<std::uint32_t>(ready_.size()), std::memory_order_relaxed);
}

// Sees to it that a thread will come for each ready task. While tasks are shorter than a wake-up,
// and one began or ended just now, the threads at work come sooner than a woken one would; the
// timekeeper looks soon whether they did.
void ThreadLane::want_worker(util::SteadyTime now, Actions& actions) {
    if (ready_.size() <= workers_.waking + (spinning_ ? 1 : 0) + (ending_ ? 1 : 0)) return;
    const std::size_t active = workers_.live - workers_.parked.size() - workers_.waking;
    if (active > 0 && pace_.short_tasks() && pace_.stepped_before(now)) {
        watch_for_stall(stall_check, actions);
        return;
    }
    ++workers_.waking;
    if (Worker* worker = take_back(workers_.parked)) {
        actions.wake.push_back(*worker);
    } else {
        ++workers_.live;
        ++actions.create;
    }
}

void ThreadLane::perform(Actions& actions) {
    while (Worker* worker = take_front(actions.wake)) {
        worker->signal.store(Worker::work, std::memory_order_release);
        futex_wake(worker->signal);
    }
    while (Worker* worker = take_front(actions.end)) {
        worker->signal.store(Worker::end, std::memory_order_release);
        futex_wake(worker->signal);
    }
    for (; actions.create > 0; --actions.create)
        create_thread();
}

void ThreadLane::expect_thread() noexcept {
    ++workers_.live;
    ++workers_.waking;
}

bool ThreadLane::create_thread() {
    Worker* worker;
    {
        std::lock_guard lock(lock_);
        worker = &workers_.take_unused();
    }
    worker->lane = this;
    worker->signal.store(Worker::none, std::memory_order_relaxed);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    const auto least = static_cast<std::size_t>(PTHREAD_STACK_MIN);
    pthread_attr_setstacksize(&attributes, std::max(options_.stack_size, least));
    const int error = pthread_create(&worker->thread, &attributes, thread_main, worker);
    pthread_attr_destroy(&attributes);
    if (error == 0) return true;
    // Too many threads, or too little memory.
    Actions actions;
    {
        std::lock_guard lock(lock_);
        workers_.unused.push_back(*worker);
        --workers_.live;
        --workers_.waking;
        watch_for_stall(thread_retry, actions);
    }
    if (actions.kick) timekeeper_.kick();
    return false;
}

void* ThreadLane::thread_main(void* argument) {
    auto& worker = *static_cast<Worker*>(argument);
    ThreadLane& lane = *worker.lane;
    const Inside inside(lane.host_);
    pthread_setname_np(pthread_self(), "airy-pool");
    lane.work(worker);
    lane.timekeeper_.kick();  // has this thread joined
    return nullptr;
}

void ThreadLane::work(Worker& worker) {
    Actions actions;
    Task* gone = nullptr;
    auto now = this->now();
    std::unique_lock lock(lock_);
    --workers_.waking;
    while (find_task(worker, lock, now, actions)) {
        Task* task = take_front(ready_);
        note_ready();
        ++taken_;
        pace_.note_start(now);
        host_.start(*task, now, actions);
        want_worker(now, actions);
        lock.unlock();
        if (actions.any()) host_.perform(actions);
        delete std::exchange(gone, nullptr);
        TaskResult result = TaskResult::failed;
        std::exception_ptr exception;
        try {
            result = std::get<ThreadTask>(task->work)(task->context);
        } catch (...) {
            exception = std::current_exception();
        }
        now = this->now();
        const auto kind = settle(*task, result, std::move(exception), now, options_.on_failure);
        lock.lock();
        ending_ = true;
        gone = host_.end(*task, kind, now, actions);
        ending_ = false;
    }
    workers_.ended.push_back(worker);
    lock.unlock();
    host_.perform(actions);
    delete gone;
}

// With the lock, as it returns. Waits for a ready task; false when the thread is to end.
bool ThreadLane::find_task(Worker& worker, std::unique_lock<Lock>& lock, util::SteadyTime& now,
                           Actions& actions) {
    while (ready_.empty()) {
        if (actions.any()) {
            lock.unlock();
            host_.perform(actions);
            now = this->now();
            lock.lock();
            continue;
        }
        wake_answered();
        if (host_.winding_down()) return false;
        if (!spinning_ && pace_.short_tasks()) {
            spinning_ = true;
            lock.unlock();
            linger([this] { return ready_hint_.load(std::memory_order_relaxed) > 0; });
            now = this->now();
            lock.lock();
            spinning_ = false;
            if (!ready_.empty()) break;
        }
        if (!park(worker, lock, now, actions)) return false;
    }
    return true;
}

// With the lock, as it returns. Sleeps until the thread is woken; false when it is to end.
bool ThreadLane::park(Worker& worker, std::unique_lock<Lock>& lock, util::SteadyTime& now,
                      Actions& actions) {
    worker.signal.store(Worker::none, std::memory_order_relaxed);
    worker.idle_since = now;
    workers_.parked.push_back(worker);
    if (!options_.prealloc || host_.winding_down())
        timekeeper_.check_by(later(now, options_.expiry), actions);
    const bool kick = std::exchange(actions.kick, false);
    lock.unlock();
    if (kick) timekeeper_.kick();
    wait_while(worker.signal, Worker::none);
    now = this->now();
    lock.lock();
    if (worker.signal.load(std::memory_order_relaxed) == Worker::end) return false;
    --workers_.waking;
    return true;
}

void ThreadLane::end_idle(util::SteadyTime now, Actions& actions) {
    const bool all = host_.winding_down();
    while (!workers_.parked.empty()) {
        Worker& worker = workers_.parked.front();
        if (!all && options_.prealloc) break;
        const auto expires = later(worker.idle_since, options_.expiry);
        if (!all && expires > now) {
            timekeeper_.check_by(expires, actions);
            break;
        }
        workers_.parked.pop_front();
        actions.end.push_back(worker);
    }
}

void ThreadLane::join_ended(std::unique_lock<Lock>& lock) {
    while (Worker* worker = take_front(workers_.ended)) {
        lock.unlock();
        pthread_join(worker->thread, nullptr);
        lock.lock();
        --workers_.live;
        workers_.unused.push_back(*worker);
    }
}

void ThreadLane::watch_for_stall(std::chrono::nanoseconds after, Actions& actions) {
    if (timekeeper_.set_alarm(after, actions)) taken_at_alarm_ = taken_;
}

void ThreadLane::check_stall(util::SteadyTime now, Actions& actions) {
    wake_answered();
    if (ready_.empty()) return;
    if (taken_ != taken_at_alarm_) {
        watch_for_stall(stall_check, actions);
        return;
    }
    pace_.expect_long_tasks();
    const auto coming = std::min(ready_.size(), workers_.waking);
    for (auto missing = ready_.size() - coming; missing > 0; --missing)
        want_worker(now, actions);
}

void ThreadLane::answer(Submitter& submitter, Submitted submitted, Actions& actions) {
    const auto value = static_cast<std::uint32_t>(submitted);
    if (submitter.answer.exchange(value, std::memory_order_acq_rel) != Submitter::asleep) return;
    // A submitter that is woken for each slot of a short task would take the core from the very
    // thread that runs the tasks; so it sleeps until more slots are free.
    if (submitted == Submitted::accepted && pace_.short_tasks()) {
        submitter.unwoken = true;
        unwoken_.push_back(submitter);
        watch_for_stall(stall_check, actions);
    } else {
        futex_wake(submitter.answer);
    }
}

void ThreadLane::wake_answered() noexcept {
    while (Submitter* submitter = take_front(unwoken_)) {
        submitter->unwoken = false;
        futex_wake(submitter->answer);
    }
}

Submitted ThreadLane::wait_for_answer(Submitter& submitter) {
    auto& answer = submitter.answer;
    if (pace_.short_tasks())
        linger([&] { return answer.load(std::memory_order_acquire) != Submitter::pending; });
    std::uint32_t value = Submitter::pending;
    if (answer.compare_exchange_strong(value, Submitter::asleep, std::memory_order_acq_rel)) {
        wait_while(answer, Submitter::asleep);
        std::lock_guard lock(lock_);  // so that the waker is done with the submitter
        if (submitter.unwoken) take_out(unwoken_, submitter);
    }
    return static_cast<Submitted>(answer.load(std::memory_order_acquire));
}

}  // namespace airy::pool
