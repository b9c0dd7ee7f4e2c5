// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>

#include "pool/loop.hpp"
#include "pool/metrics.hpp"
#include "pool/options.hpp"
#include "pool/outcome.hpp"

namespace airy::pool {

class State;
struct Task;

// A running task's view of itself. It lives as long as the task runs. Only the thread that runs the
// task may use it; stop_requested() and the token are for any thread.
class TaskContext {
  public:
    TaskContext(const TaskContext&) = delete;
    TaskContext& operator=(const TaskContext&) = delete;

    // The token fires at the task's deadline, when the pool is released, and when the submitter's
    // own token fires. Stop callbacks of a coroutine run on the loop; those of a callable run on
    // the thread that asks the task to stop. Stop callbacks are part of the task: a full pool
    // refuses their submissions as overload, and they cannot wait for the pool.
    std::stop_token stop_token();
    bool stop_requested() const noexcept;
    // The time at which the task times out, by the pool's clock; nullopt when it has no timeout.
    std::optional<util::SteadyTime> deadline() const noexcept;
    std::uint64_t id() const noexcept;  // unique in its pool, counted from 1

    // For coroutines, on the loop: `co_await context.sleep_for(d)` is true after the duration, and
    // false when a stop request ended the sleep early. It costs a fraction of an Asio timer and
    // allocates nothing.
    auto sleep_for(std::chrono::nanoseconds duration) {
        return boost::asio::async_initiate<const boost::asio::deferred_t, void(bool)>(
            StartSleep{this, duration}, boost::asio::deferred);
    }

  private:
    friend struct Task;
    explicit TaskContext(Task& task) noexcept : task_(task) {}

    struct StartSleep {
        TaskContext* context;
        std::chrono::nanoseconds duration;
        template <class Handler>
        void operator()(Handler&& handler) const {
            context->start_sleep(duration, std::forward<Handler>(handler));
        }
    };
    void start_sleep(std::chrono::nanoseconds duration, Callable<void(bool), 24> resume);

    Task& task_;
};

// Runs tasks, at most `size` at once, in two lanes that share slots, limits and metrics: coroutines
// on the loop, and callables on threads, which the pool makes on demand and ends when they are
// idle.
//
// Any thread may call these functions; those that return an awaitable are for coroutines on the
// loop. When the pool is full, a submitter waits for a slot, first come, first served, unless
// Options or SubmitOptions say otherwise. A submitter that might wait for ever is refused as
// overload when no slot is free: a task of the pool, and a blocking call on the loop's thread.
class TaskPool {
  public:
    // Coroutines run on this loop. One thread of the caller runs the loop, and the loop must
    // outlive the pool. Throws Error(usage) for a size of 0, Error(general) when the system refuses
    // a thread that the pool needs at the start.
    TaskPool(Options options, boost::asio::io_context& loop);
    // The pool makes a loop, and a thread that runs it. Throws as above.
    explicit TaskPool(Options options = {});
    // Releases the pool and waits for the callables on its threads. Coroutines that still run are
    // asked to stop, and go on as long as the loop runs.
    ~TaskPool();
    TaskPool(const TaskPool&) = delete;
    TaskPool& operator=(const TaskPool&) = delete;

    // Submits a callable to the thread lane. The callable takes TaskContext& or nothing; it returns
    // a TaskResult, or anything else, which means ok. It may block its thread. The call blocks
    // while the submitter waits for a slot.
    template <class F>
    Submitted submit(F&& task, SubmitOptions options = {}) {
        return submit_task(thread_task(std::forward<F>(task)), std::move(options));
    }
    // Submits a coroutine to the loop. The call blocks while the submitter waits for a slot.
    Submitted submit_async(AsyncTask task, SubmitOptions options = {});
    // Submits a coroutine to the loop. The calling coroutine is suspended while it waits for a
    // slot, and holds no thread. Keep the options in a named variable: g++ 12 destroys an aggregate
    // that is made inside a co_await expression twice.
    boost::asio::awaitable<Submitted> async_submit(AsyncTask task);
    boost::asio::awaitable<Submitted> async_submit(AsyncTask task, SubmitOptions options);
    // Submits a callable to the thread lane. The calling coroutine is suspended while it waits for
    // a slot.
    template <class F>
    boost::asio::awaitable<Submitted> async_submit_blocking(F&& task) {
        return async_submit_task(thread_task(std::forward<F>(task)), SubmitOptions());
    }
    template <class F>
    boost::asio::awaitable<Submitted> async_submit_blocking(F&& task, SubmitOptions options) {
        return async_submit_task(thread_task(std::forward<F>(task)), std::move(options));
    }

    // The counts of this moment, see Metrics. metrics() also copies two histograms.
    Metrics metrics() const;
    std::size_t cap() const;
    std::size_t running() const;
    std::size_t free() const;
    std::size_t waiting() const;
    bool released() const;

    // Sets the number of slots. When it shrinks, running tasks go on, and no task starts until
    // fewer than `size` run. Throws Error(usage) for 0.
    void resize(std::size_t size);

    // Waits until no task runs or is queued and, after release, until the threads have ended.
    // Throws Error(general) on a thread that runs a task of the pool, and on the loop's thread as
    // soon as the pool has a coroutine, which would have to run there.
    void wait();
    bool wait(std::chrono::nanoseconds timeout);  // false when the time was up first
    // Suspends the calling coroutine until no task runs or is queued.
    boost::asio::awaitable<void> async_wait();

    // Refuses new tasks and waiting submitters, drops queued tasks as rejected, asks running tasks
    // to stop, and returns at once.
    void release();
    // Refuses new tasks and waiting submitters, and gives accepted tasks up to `timeout` to end.
    // Then asks them to stop, and gives them stop_grace more. Returns the number of tasks that have
    // not ended by then; wait() waits for them. Throws as wait().
    std::size_t release(std::chrono::nanoseconds timeout);
    // Opens a released pool again, after it has waited for the threads to end. Throws
    // Error(general) when the pool is not released, while tasks are left from before the release,
    // and while another thread reboots the pool.
    void reboot();

    // Has the pool look at its clock again: for tests that move the clock by hand.
    void clock_moved();

    boost::asio::io_context& loop() noexcept;

  private:
    Submitted submit_task(ThreadTask task, SubmitOptions options);
    boost::asio::awaitable<Submitted> async_submit_task(ThreadTask task, SubmitOptions options);

    std::unique_ptr<Loop> own_loop_;
    // Shared with the coroutines on the loop, which may outlive this object.
    std::shared_ptr<State> state_;
};

}  // namespace airy::pool
