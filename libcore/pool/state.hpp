// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>

#include "pool/actions.hpp"
#include "pool/admission.hpp"
#include "pool/deadlines.hpp"
#include "pool/lane_host.hpp"
#include "pool/lock.hpp"
#include "pool/loop_lane.hpp"
#include "pool/spare_tasks.hpp"
#include "pool/tally.hpp"
#include "pool/thread_lane.hpp"
#include "pool/timekeeper.hpp"

namespace airy::pool {

// A pool: takes a task through its parts, from submission to end. One lock guards this class and
// its parts, as far as they do not say otherwise; no user code runs under it. The parts:
//   Admission   the slots, the line for them, priorities, keys
//   ThreadLane  the threads, and the callables on them
//   LoopLane    the coroutines on the caller's loop
//   Deadlines   the running tasks, timeouts, the submitters' deadlines
//   Timekeeper  the thread that watches the time
// state.cpp takes tasks from submission to end, life.cpp opens, closes and waits.
class State final : public std::enable_shared_from_this<State>, LaneHost, Timekeeper::Host {
  public:
    State(Options options, boost::asio::io_context& loop);
    // Starts the timekeeper and, for prealloc, the threads. Throws Error(general).
    void open();
    // Releases the pool and joins every thread: for the TaskPool's destructor.
    void abandon();

    // Submissions (state.cpp).
    TaskPtr make_task(Lane lane, SubmitOptions&& options);
    Submitted submit(TaskPtr task);
    boost::asio::awaitable<Submitted> async_submit(TaskPtr task);
    void cancel(Task* task) noexcept;  // the submitter's token has fired

    // For TaskContext.
    std::stop_token stop_token(Task& task);
    void sleep(Task& task, std::chrono::nanoseconds duration, SleepQueue::Resume resume) {
        loop_lane_.sleep(task, duration, std::move(resume));
    }

    // For TaskPool (life.cpp).
    Metrics metrics() const;
    void resize(std::size_t size);
    bool wait(std::optional<std::chrono::nanoseconds> timeout);
    boost::asio::awaitable<void> async_wait();
    void release() { close(true); }
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
    // LaneHost
    void start(Task& task, util::SteadyTime now, Actions& actions) override;
    Task* end(Task& task, OutcomeKind kind, util::SteadyTime now, Actions& actions) override;
    void perform(Actions& actions) override;
    bool idle() const noexcept override { return admission_.idle(); }
    bool winding_down() const noexcept override { return closed_ && admission_.queued() == 0; }
    std::shared_ptr<void> keep_alive() override { return shared_from_this(); }
    // Timekeeper::Host
    void look(std::unique_lock<Lock>& lock) override;
    bool over() const noexcept override;
    void timekeeper_runs(bool runs) noexcept override;

    // Under the lock.
    std::optional<Submitted> offer(Task& task, Submitter* submitter, Actions& actions);
    void run_in_lane(Task& task, Actions& actions);
    void admit(Actions& actions);
    void answer(Task& task, Submitted submitted, Actions& actions);
    void note_queued(Lane lane);
    void leave_queue(Lane lane, Actions& actions);
    void request_stop(Task& task, Stops& stops, Actions& actions);
    void note_idle(Actions& actions);
    bool coroutines_left();
    // Without the lock.
    bool waiting_would_deadlock() const;
    void fire(Stops& stops) const;
    void discard(Task* task, OutcomeKind kind) noexcept;
    void close(bool stop);
    bool wait_until(std::optional<util::SteadyTime> deadline);

    // The threads in wait_until().
    struct Waits {
        std::condition_variable_any changed;  // idle, over, a coroutine came, or the clock moved
        std::size_t count = 0;
        bool on_loop = false;  // the loop's thread is one of them
    };

    const Options options_;
    const util::Clock& clock_;
    boost::asio::io_context& loop_;

    // Every submission and every end of a task touch these, so they share few cache lines.
    alignas(64) mutable Lock lock_;
    bool closed_ = true;      // until open()
    bool abandoned_ = false;  // the TaskPool is gone
    bool rebooting_ = false;
    SpareTasks spares_;
    Admission admission_;

    alignas(64) Deadlines deadlines_;
    Timekeeper timekeeper_;
    alignas(64) ThreadLane thread_lane_;
    alignas(64) LoopLane loop_lane_;
    Waits waits_;
    alignas(64) Tally tally_;
};

}  // namespace airy::pool
