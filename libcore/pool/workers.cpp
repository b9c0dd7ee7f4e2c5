// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// The thread lane: threads that start on demand, park last in first out, and end when idle.
#include <limits.h>

#include <algorithm>

#include "pool/state.hpp"

namespace airy::pool {

// Under the lock: sees to it that a thread will come for each ready task. While tasks are as short
// as a wake-up, and one began or ended just now, the threads at work come sooner than a new one
// would; the timekeeper looks whether they do.
void State::want_worker(util::SteadyTime now, Actions& actions) {
    if (ready_.size() <= waking_ + (spinning_ ? 1 : 0) + (coming_ ? 1 : 0)) return;
    const std::size_t active = threads_ - parked_.size() - waking_;
    if (active > 0 && short_tasks() && now - last_step_ < just_now) {
        check_for_stall(stall_check, actions);
        return;
    }
    ++waking_;
    if (Worker* worker = parked_.pop_back()) {
        actions.wake.push_back(worker);
    } else {
        ++threads_;
        ++actions.create;
    }
}

void State::note_ready() noexcept {
    ready_hint_.store(static_cast<std::uint32_t>(ready_.size()), std::memory_order_relaxed);
}

// Without the lock.
void State::perform(Actions& actions) {
    while (Worker* worker = actions.wake.pop_front()) {
        worker->signal.store(Worker::work, std::memory_order_release);
        futex_wake(worker->signal);
    }
    while (Worker* worker = actions.end.pop_front()) {
        worker->signal.store(Worker::end, std::memory_order_release);
        futex_wake(worker->signal);
    }
    for (; actions.create > 0; --actions.create)
        if (!create_worker()) thread_refused();
    if (std::exchange(actions.post, false)) post_drain();
    if (std::exchange(actions.kick, false)) kick_timekeeper();
}

bool State::create_worker() {
    Worker* worker;
    {
        std::lock_guard lock(lock_);
        worker = unused_.pop_front();
        if (!worker) worker = &workers_.emplace_back();
    }
    worker->state = this;
    worker->signal.store(Worker::none, std::memory_order_relaxed);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    const auto least = static_cast<std::size_t>(PTHREAD_STACK_MIN);
    pthread_attr_setstacksize(&attributes, std::max(options_.stack_size, least));
    const int error = pthread_create(&worker->thread, &attributes, thread_main, worker);
    pthread_attr_destroy(&attributes);
    if (error == 0) return true;
    std::lock_guard lock(lock_);
    unused_.push_back(worker);
    return false;
}

// Too many threads or too little memory: the ready tasks wait for the threads there are, and the
// timekeeper tries again.
void State::thread_refused() {
    Actions actions;
    {
        std::lock_guard lock(lock_);
        --threads_;
        --waking_;
        check_for_stall(thread_retry, actions);
    }
    if (actions.kick) kick_timekeeper();
}

void* State::thread_main(void* argument) {
    auto& worker = *static_cast<Worker*>(argument);
    State& state = *worker.state;
    const Inside inside(state);
    pthread_setname_np(pthread_self(), "airy-pool");
    state.work(worker);
    state.kick_timekeeper();  // joins this thread
    return nullptr;
}

void State::work(Worker& worker) {
    Actions actions;
    Task* gone = nullptr;
    auto now = clock_.steady();
    std::unique_lock lock(lock_);
    --waking_;
    while (find_task(worker, lock, now, actions)) {
        Task* task = ready_.pop_front();
        note_ready();
        ++taken_;
        start(task, now, actions);
        want_worker(now, actions);
        lock.unlock();
        perform(actions);
        delete std::exchange(gone, nullptr);
        TaskResult result = TaskResult::failed;
        std::exception_ptr exception;
        try {
            result = std::get<ThreadTask>(task->work)(task->context);
        } catch (...) {
            exception = std::current_exception();
        }
        now = clock_.steady();
        const auto kind = settle(task, result, std::move(exception), now);
        lock.lock();
        coming_ = true;
        end(task, kind, now, actions);
        coming_ = false;
        if (!recycle(task)) gone = task;
    }
    ended_.push_back(&worker);
    lock.unlock();
    perform(actions);
    delete gone;
}

// With the lock, as it returns. Waits for a ready task; false when the thread is to end.
bool State::find_task(Worker& worker, std::unique_lock<Lock>& lock, util::SteadyTime& now,
                      Actions& actions) {
    while (ready_.empty()) {
        if (actions.any()) {
            lock.unlock();
            perform(actions);
            now = clock_.steady();
            lock.lock();
            continue;
        }
        wake_answered();
        if (closed_ && queued_ == 0) return false;
        if (!spinning_ && short_tasks()) {
            spinning_ = true;
            lock.unlock();
            linger([this] { return ready_hint_.load(std::memory_order_relaxed) > 0; });
            now = clock_.steady();
            lock.lock();
            spinning_ = false;
            if (!ready_.empty()) break;
        }
        worker.signal.store(Worker::none, std::memory_order_relaxed);
        worker.idle_since = now;
        parked_.push_back(&worker);
        if (!options_.prealloc || closed_) check_by(later(now, options_.expiry), actions);
        const bool kick = std::exchange(actions.kick, false);
        lock.unlock();
        if (kick) kick_timekeeper();
        wait_while(worker.signal, Worker::none);
        now = clock_.steady();
        lock.lock();
        if (worker.signal.load(std::memory_order_relaxed) == Worker::end) return false;
        --waking_;
    }
    return true;
}

}  // namespace airy::pool
