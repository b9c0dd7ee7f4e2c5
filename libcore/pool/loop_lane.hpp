// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "pool/lane_host.hpp"
#include "pool/lock.hpp"
#include "pool/options.hpp"
#include "pool/root_coroutine.hpp"
#include "pool/sleeps.hpp"
#include "pool/suspend.hpp"
#include "pool/task.hpp"

namespace airy::pool {

// A coroutine that waits until the pool is idle. It lives in the coroutine's frame.
struct IdleWaiter {
    ResumeCoroutine resume;
    Links links;
};
using IdleWaiterList = List<IdleWaiter, &IdleWaiter::links>;

// Keeps the loop from running out of work, for three reasons that it counts. Guarded by the pool's
// lock.
struct LoopWork {
    std::size_t running = 0;     // coroutines that hold a slot
    std::size_t queued = 0;      // coroutines behind a task of their key
    std::size_t submitters = 0;  // coroutines that wait for an answer

    void hold(boost::asio::io_context& loop) {
        if (!guard) guard.emplace(loop.get_executor());
    }
    void let_go() noexcept {
        if (running == 0 && queued == 0 && submitters == 0) guard.reset();
    }
    std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> guard;
};

// The lane of the coroutines, which run on the caller's loop. A coroutine that runs tasks, one
// after another, is a runner; runners without a task are parked, since a new coroutine costs more.
class LoopLane {
  public:
    LoopLane(Lock& lock, const Options& options, boost::asio::io_context& loop, LaneHost& host);

    // Under the lock, from any thread:
    // Takes a task that holds a slot; a runner runs it in the loop's next turn.
    void push(Task& task, Actions& actions);
    // The task has run: part of LaneHost::end(). On the loop's thread.
    void note_end(Task& task) noexcept;
    // A coroutine was accepted behind a task of its key, and is queued there no longer.
    void note_queued();
    void note_unqueued() noexcept { --work_.queued; }
    // A coroutine that submits will wait for answer().
    void note_submitter();
    void answer(Submitter& submitter, Submitted submitted, Actions& actions);
    // The coroutine is resumed once the host is idle and wake_idle_waiters() was called.
    void wait_for_idle(IdleWaiter& waiter);
    void wake_idle_waiters(Actions& actions) noexcept;
    // Fires the task's token and wakes its sleeps, on the loop.
    void request_stop(Task& task, Actions& actions) noexcept;
    // Has the loop make a turn, in which it does all that the lane has for it.
    void want_turn(Actions& actions) noexcept;
    // Lets the loop run out of work when no coroutine needs it.
    void let_loop_go() noexcept {
        if (idle_waiters_.empty()) work_.let_go();
    }
    std::size_t running() const noexcept { return work_.running; }
    template <class F>
    void for_each_ready(F f) {
        for_each(ready_, f);
    }

    // Without the lock, from any thread:
    void post_turn();   // after want_turn()
    void post_sweep();  // looks at the clock again

    // On the loop's thread: calls resume(true) after the duration, resume(false) when the task is
    // asked to stop before.
    void sleep(Task& task, std::chrono::nanoseconds duration, SleepQueue::Resume resume);

  private:
    class OnLoop;
    struct ParkedRunner;
    // When to look at the sleeps.
    struct SleepTimer {
        explicit SleepTimer(boost::asio::io_context& loop) : timer(loop) {}
        boost::asio::steady_timer timer;
        util::SteadyTime armed_until{};
        util::SteadyTime swept{};  // when the sleeps were last looked at
        bool armed = false;
        bool sweeping = false;
    };

    void drain();
    bool take_turn();
    void stop_tasks();
    void begin(Task& task);
    void resume_runner(Task* task);
    static RootCoroutine run_tasks(std::shared_ptr<LoopLane> self, Task* first);
    Task* complete(Task& task, TaskResult result, std::exception_ptr exception);
    void sweep();
    void arm_sleep_timer();
    void drop_coroutines() noexcept;
    std::shared_ptr<LoopLane> keep_alive() { return {host_.keep_alive(), this}; }
    util::SteadyTime now() const { return options_.clock->steady(); }

    Lock& lock_;
    const Options& options_;
    boost::asio::io_context& loop_;
    LaneHost& host_;

    // Guarded by the lock.
    TaskList ready_;  // tasks that hold a slot and have no runner yet
    SubmitterList answers_;
    StopList stops_;
    IdleWaiterList idle_waiters_;
    LoopWork work_;
    bool turn_posted_ = false;

    // On the loop's thread only.
    std::vector<ParkedRunner*> runners_;
    std::size_t budget_ = 0;  // tasks that may still be started in this turn
    SleepQueue sleeps_;
    SleepTimer sleep_timer_;
};

}  // namespace airy::pool
