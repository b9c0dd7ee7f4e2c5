// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>

#include "pool/lane_host.hpp"
#include "pool/lock.hpp"
#include "pool/options.hpp"
#include "pool/task.hpp"
#include "pool/timekeeper.hpp"
#include "pool/worker.hpp"

namespace airy::pool {

// How fast callables begin and end. Written under the pool's lock.
class Pace {
  public:
    // Whether callables take less time than it takes to wake a thread. Any thread, without a lock.
    bool short_tasks() const noexcept {
        return mean_run_ns_.load(std::memory_order_relaxed) < short_run_ns;
    }
    // Whether a callable began or ended less than 20 us ago.
    bool stepped_before(util::SteadyTime now) const noexcept { return now - last_step_ < just_now; }

    void note_start(util::SteadyTime now) noexcept { last_step_ = now; }
    void note_end(util::SteadyTime now, std::chrono::nanoseconds took) noexcept {
        last_step_ = now;
        const auto mean = mean_run_ns_.load(std::memory_order_relaxed);
        mean_run_ns_.store(mean + (took.count() - mean) / 8, std::memory_order_relaxed);
    }
    // Callables count as long ones until some short ones have ended.
    void expect_long_tasks() noexcept {
        mean_run_ns_.store(long_run_ns, std::memory_order_relaxed);
    }

  private:
    static constexpr std::int64_t short_run_ns = 3000;
    static constexpr std::int64_t long_run_ns = 1'000'000;
    static constexpr std::chrono::microseconds just_now{20};

    std::atomic<std::int64_t> mean_run_ns_{long_run_ns};
    util::SteadyTime last_step_{};
};

// The lane of the callables: threads that are made on demand, park when there is no task, and end
// when they have been idle for Options::expiry. It decides which threads to wake and when, those of
// waiting submitters included. Guarded by the pool's lock, unless a function says otherwise.
class ThreadLane {
  public:
    ThreadLane(Lock& lock, const Options& options, Timekeeper& timekeeper, LaneHost& host) noexcept
        : lock_(lock), options_(options), timekeeper_(timekeeper), host_(host) {}

    // Takes a task that holds a slot; one of the lane's threads runs it.
    void push(Task& task, Actions& actions);
    // The task has run: part of LaneHost::end().
    void note_end(util::SteadyTime now, std::chrono::nanoseconds took) noexcept {
        pace_.note_end(now, took);
    }
    template <class F>
    void for_each_ready(F f) {
        for_each(ready_, f);
    }

    // Without the lock: wakes, ends and makes threads, and clears these actions.
    void perform(Actions& actions);
    // Promises a thread; create_thread() is due then. For threads that are made in advance.
    void expect_thread() noexcept;
    // Without the lock: makes a thread that was promised. False when the system refuses it: the
    // tasks wait for the threads there are, and the lane tries again soon.
    bool create_thread();

    // For the timekeeper. Ends the threads that have been idle for too long.
    void end_idle(util::SteadyTime now, Actions& actions);
    // When no task was taken since the alarm was set, the threads at work are held up, so each
    // ready task gets a thread of its own. Also wakes the submitters that were left asleep.
    void check_stall(util::SteadyTime now, Actions& actions);
    // Joins the threads that have ended; frees the lock meanwhile.
    void join_ended(std::unique_lock<Lock>& lock);

    // Answers a submitter that is a thread. While tasks are short it may be left asleep, until
    // wake_answered() or the alarm.
    void answer(Submitter& submitter, Submitted submitted, Actions& actions);
    bool has_unwoken() const noexcept { return !unwoken_.empty(); }
    void wake_answered() noexcept;
    // Without the lock, on the submitter's thread: waits for the answer.
    Submitted wait_for_answer(Submitter& submitter);

    bool short_tasks() const noexcept { return pace_.short_tasks(); }  // any thread, without a lock
    std::size_t live() const noexcept { return workers_.live; }
    std::size_t parked() const noexcept { return workers_.parked.size(); }

  private:
    static void* thread_main(void* worker);
    void work(Worker& worker);
    bool find_task(Worker& worker, std::unique_lock<Lock>& lock, util::SteadyTime& now,
                   Actions& actions);
    bool park(Worker& worker, std::unique_lock<Lock>& lock, util::SteadyTime& now,
              Actions& actions);
    void want_worker(util::SteadyTime now, Actions& actions);
    void note_ready() noexcept;
    void watch_for_stall(std::chrono::nanoseconds after, Actions& actions);
    util::SteadyTime now() const { return options_.clock->steady(); }

    Lock& lock_;
    const Options& options_;
    Timekeeper& timekeeper_;
    LaneHost& host_;

    CountedTaskList ready_;  // tasks that hold a slot and have no thread yet
    Workers workers_;
    bool spinning_ = false;  // one thread looks for a task before it parks
    bool ending_ = false;    // a thread ends a task, and will look for a ready one at once
    std::uint64_t taken_ = 0;
    std::uint64_t taken_at_alarm_ = 0;
    SubmitterList unwoken_;  // submitters that have an answer and still sleep; woken together
    // Read without the lock: by a spinning thread, and by submitters.
    alignas(64) std::atomic<std::uint32_t> ready_hint_{0};  // ready_.size()
    Pace pace_;
};

}  // namespace airy::pool
