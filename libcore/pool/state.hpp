// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <pthread.h>

#include <array>
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "pool/histogram.hpp"
#include "pool/lock.hpp"
#include "pool/sleeps.hpp"
#include "pool/task.hpp"

namespace airy::pool {

using TaskList = List<Task, &Task::links>;

// One thread of the thread lane.
struct Worker {
    enum Signal : std::uint32_t { none, work, end };
    State* state = nullptr;
    pthread_t thread{};
    std::atomic<std::uint32_t> signal{none};  // what a parked worker waits for
    util::SteadyTime idle_since{};
    Links<Worker> links;
};
using WorkerList = List<Worker, &Worker::links>;

// Waiting tasks in three priorities. Guarded by the pool's lock.
class Admission {
  public:
    void push(Task* task) noexcept;
    Task* pop() noexcept;  // nullptr when empty
    void erase(Task* task) noexcept;
    bool empty() const noexcept { return size_ == 0; }
    template <class F>
    void for_each(F f) {
        for (auto& queue : queues_)
            queue.for_each(f);
    }

  private:
    std::array<TaskList, 3> queues_;
    std::size_t size_ = 0;
    unsigned turn_ = 0;
};

// The time so much later, or the end of time where that would be past it.
inline util::SteadyTime later(util::SteadyTime time, std::chrono::nanoseconds by) noexcept {
    return by > util::SteadyTime::max() - time ? util::SteadyTime::max() : time + by;
}

// A coroutine in async_wait; on its frame.
struct IdleWaiter {
    Callable<void(), 24> resume;
    Links<IdleWaiter> links;
};

using SubmitterList = List<Submitter, &Submitter::links>;
using IdleWaiterList = List<IdleWaiter, &IdleWaiter::links>;

// All of a pool. One lock guards every member that is not said to be otherwise; no user code runs
// under it. Split by concern: admission.cpp (slots, waiters, keys, ends), workers.cpp (the thread
// lane), loop_lane.cpp (the coroutines), timekeeper.cpp (deadlines, expiry), state.cpp (release,
// wait, reboot).
class State : public std::enable_shared_from_this<State> {
  public:
    State(Options options, boost::asio::io_context& loop);
    ~State();
    void open();     // starts the timekeeper and, for prealloc, the threads; throws Error(general)
    void abandon();  // for the pool's destructor: releases, joins every thread

    // admission.cpp
    TaskPtr make_task(Lane lane, SubmitOptions&& options);
    Submitted submit(TaskPtr task);
    boost::asio::awaitable<Submitted> async_submit(TaskPtr task);  // loop_lane.cpp
    void cancel(Task* task) noexcept;

    // For TaskContext.
    std::stop_token stop_token(Task& task);
    void sleep(Task& task, std::chrono::nanoseconds duration, SleepQueue::Resume resume);

    // For TaskPool.
    Metrics metrics() const;
    void resize(std::size_t size);
    bool wait(std::optional<std::chrono::nanoseconds> timeout);
    boost::asio::awaitable<void> async_wait();  // loop_lane.cpp
    void release();
    std::size_t release(std::chrono::nanoseconds timeout);
    void reboot();
    void clock_moved();
    std::size_t cap() const;
    std::size_t running() const;
    std::size_t free() const;
    std::size_t waiting() const;
    bool closed() const;
    boost::asio::io_context& loop() noexcept { return loop_; }

  private:
    // What to do once the lock is free.
    struct Actions {
        WorkerList wake;
        WorkerList end;
        std::size_t create = 0;
        bool post = false;  // a turn of the loop
        bool kick = false;  // the timekeeper has an earlier deadline, or an end to see to
        bool any() const noexcept {
            return create || post || kick || !wake.empty() || !end.empty();
        }
    };
    using Stops = std::vector<std::stop_source>;

    void perform(Actions& actions);

    // admission.cpp, under the lock
    std::optional<Submitted> offer(Task* task, Submitter* submitter, Actions& actions);
    void grant(Task* task, Actions& actions);
    void admit(Actions& actions);
    void wake_answered() noexcept;
    void answer(Task* task, Submitted submitted, Actions& actions);
    void leave_line(Task* task);
    void enter_queue(Lane lane);
    void leave_queue(Lane lane, Actions& actions);
    void start(Task* task, util::SteadyTime now, Actions& actions);
    void end(Task* task, OutcomeKind kind, util::SteadyTime now, Actions& actions);
    void hand_key_on(Task* task);
    bool recycle(Task* task) noexcept;
    void count(OutcomeKind kind) noexcept { ++totals_[static_cast<std::size_t>(kind)]; }
    // admission.cpp, without the lock
    bool waiting_would_deadlock() const;
    void fire(Stops& stops) const;
    Submitted wait_for_answer(Submitter& submitter);
    OutcomeKind settle(Task* task, TaskResult result, std::exception_ptr exception,
                       util::SteadyTime now) noexcept;
    void report_failure(Task* task, const Outcome& outcome) noexcept;
    void report_done(Task* task, const Outcome& outcome) noexcept;
    void discard(Task* task, OutcomeKind kind) noexcept;
    static void forget_callables(Task* task) noexcept;

    // workers.cpp
    static void* thread_main(void* worker);
    void work(Worker& worker);
    bool find_task(Worker& worker, std::unique_lock<Lock>& lock, util::SteadyTime& now,
                   Actions& actions);
    void want_worker(util::SteadyTime now, Actions& actions);
    void note_ready() noexcept;
    bool create_worker();
    void thread_refused();
    bool short_tasks() const noexcept {
        return mean_run_ns_.load(std::memory_order_relaxed) < short_run_ns;
    }

    // loop_lane.cpp
    class OnLoop;
    struct ParkedRunner;
    void want_loop(Actions& actions) noexcept;
    void post_drain();
    void post_sweep();
    void hold_loop();
    void let_loop_go() noexcept;
    void drain();
    bool take_turn();
    void stop_tasks();
    void begin(Task* task);
    void resume_runner(Task* task);
    using Runner = boost::asio::awaitable<boost::asio::detail::awaitable_thread_entry_point>;
    static Runner run_tasks(std::shared_ptr<State> self, Task* first);
    Task* complete(Task* task, TaskResult result, std::exception_ptr exception);
    void sweep();
    void arm_sleep_timer();
    void drop_coroutines() noexcept;

    // timekeeper.cpp
    void start_timekeeper();
    void join_timekeeper(std::uint64_t number);
    void kick_timekeeper() noexcept;
    void check_by(util::SteadyTime at, Actions& actions);
    void set_timer(Task* task, util::SteadyTime at, Actions& actions);
    void clear_timer(Task* task) noexcept;
    void keep_time();
    void check_deadlines(std::unique_lock<Lock>& lock);
    void expire(Task* task, Stops& stops, Actions& actions);
    void request_stop(Task* task, Stops& stops, Actions& actions);
    void check_for_stall(std::chrono::nanoseconds after, Actions& actions);
    void check_stall(util::SteadyTime now, Actions& actions);
    void end_idle(util::SteadyTime now, Actions& actions);
    void join_ended(std::unique_lock<Lock>& lock);
    bool over() const noexcept;

    // state.cpp
    void close(bool stop);
    bool idle() const noexcept { return running_ == 0 && queued_ == 0; }
    void note_idle(Actions& actions);
    bool coroutines_left();
    bool wait_until(std::optional<util::SteadyTime> deadline);

    // Tasks that take less than a wake-up costs do not each get a thread at once.
    static constexpr std::int64_t short_run_ns = 3000;
    static constexpr std::int64_t long_run_ns = 1'000'000;
    static constexpr std::chrono::microseconds just_now{20};
    static constexpr std::chrono::microseconds stall_check{200};
    static constexpr std::chrono::milliseconds thread_retry{10};
    using Nanoseconds = std::chrono::nanoseconds;
    static constexpr Nanoseconds longest_sleep = std::chrono::hours(1);
    static constexpr std::size_t tasks_a_turn = 512;
    // Between two looks for who has slept enough; a lone sleeper is not kept by it.
    static constexpr std::chrono::microseconds least_sweep{50};

    const Options options_;
    const util::Clock& clock_;
    boost::asio::io_context& loop_;

    // First what every submission and every end of a task touch, in few cache lines.
    alignas(64) mutable Lock lock_;
    bool closed_ = true;      // until open()
    bool abandoned_ = false;  // the TaskPool is gone
    bool spinning_ = false;   // one worker looks for work before it parks
    std::size_t cap_;
    std::size_t running_ = 0;  // slots held
    TaskList ready_;           // tasks of the thread lane that hold a slot and have no thread yet
    std::size_t waking_ = 0;   // workers woken or being created, not arrived yet
    std::size_t threads_ = 0;
    std::uint64_t submitted_ = 0;
    std::uint64_t next_id_ = 1;
    WorkerList parked_;        // last in, first out
    std::size_t waiting_ = 0;  // submitters
    SubmitterList unwoken_;    // submitters that were accepted and still sleep; woken together
    std::size_t queued_ = 0;   // accepted, without a slot, nobody waits for them
    std::size_t queued_async_ = 0;
    Task* spare_ = nullptr;  // ended tasks for the next ones, chained by links.next
    std::size_t spares_ = 0;
    util::SteadyTime next_check_{};  // of the timekeeper

    // Read while spinning, without the lock.
    alignas(64) std::atomic<std::uint32_t> ready_hint_{0};  // ready_.size()
    std::atomic<std::int64_t> mean_run_ns_{long_run_ns};    // written under the lock

    // What only the end of a task touches, mostly.
    alignas(64) TaskList started_;  // running with the pool's timeout; by start, so by deadline too
    TaskList own_timeout_;          // running with another timeout or none
    TaskList overrun_;              // running past their deadline
    std::array<std::uint64_t, outcome_kinds> totals_{};
    std::uint64_t taken_ = 0;
    bool coming_ = false;           // a thread is about to look for a ready task
    util::SteadyTime last_step_{};  // when a callable last began or ended
    std::uint64_t taken_at_check_ = 0;
    std::optional<util::SteadyTime> stall_at_;
    Timers timers_;
    Admission admission_;
    std::unordered_map<std::string, KeyQueue> keys_;
    SubmitterList keyed_line_;             // those that max_keyed keeps waiting, first come first
    std::condition_variable_any changed_;  // idle, over, or the clock moved
    std::size_t waits_ = 0;                // threads in wait_until
    WorkerList ended_;                     // to be joined
    WorkerList unused_;                    // without a thread
    std::deque<Worker> workers_;

    // The async lane.
    std::size_t running_async_ = 0;  // slots held by coroutines
    std::size_t waiting_async_ = 0;  // submitters that are coroutines
    TaskList loop_ready_;
    SubmitterList loop_answers_;
    List<Task, &Task::stop_links> loop_stops_;
    IdleWaiterList idle_waiters_;
    bool drain_posted_ = false;
    bool loop_waits_ = false;  // its thread is in wait_until, and is told when a coroutine starts
    std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>>
        loop_work_;
    // On the loop's thread only.
    std::vector<ParkedRunner*> runners_;
    SleepQueue sleeps_;
    boost::asio::steady_timer sleep_timer_;
    util::SteadyTime sleep_armed_until_{};
    util::SteadyTime swept_{};
    bool sleep_armed_ = false;
    bool sweeping_ = false;
    std::size_t budget_ = 0;  // tasks that may still be started in this turn

    // The timekeeper.
    std::mutex join_mutex_;          // taken before the lock
    std::thread timekeeper_;         // guarded by join_mutex_
    std::uint64_t timekeepers_ = 0;  // started so far; written under both, read under either
    std::mutex kick_mutex_;
    std::condition_variable kick_changed_;
    bool kicked_ = false;  // guarded by kick_mutex_
    bool timekeeper_over_ = true;
    bool rebooting_ = false;

    Recorder wait_times_;  // written under the lock, read without
    Recorder run_times_;
};

// While it lives, this thread runs what belongs to a task of the pool, and must not wait for the
// pool: the task itself, or what its stop token calls. The latter may be within another pool's
// task.
class Inside {
  public:
    explicit Inside(const State& pool) noexcept;
    ~Inside();
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;
    static bool of(const State& pool) noexcept;

  private:
    const State& pool_;
    const Inside* const outer_;
};

}  // namespace airy::pool
