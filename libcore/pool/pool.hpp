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

// What a task knows of itself. Lives as long as the task runs. For use on the task's own thread,
// except stop_requested and the token, which may go anywhere.
class TaskContext {
  public:
    TaskContext(const TaskContext&) = delete;
    TaskContext& operator=(const TaskContext&) = delete;

    // Fires at the deadline, on release, and with the submitter's own token. Stop callbacks of a
    // coroutine run on the loop, those of a callable on the thread that asks, and are part of the
    // task: a full pool refuses what they submit, and they cannot wait for it.
    std::stop_token stop_token();
    bool stop_requested() const noexcept;
    // When the task times out; nothing when it has no timeout.
    std::optional<util::SteadyTime> deadline() const noexcept;
    std::uint64_t id() const noexcept;  // unique in its pool, counted from 1

    // For coroutines, on the loop: `co_await context.sleep_for(d)` is false when a stop request
    // ended the sleep early. Costs a fraction of an Asio timer and allocates nothing.
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
// on the loop, and callables on threads that are started on demand and end when idle.
//
// All calls may come from any thread, those returning an awaitable from the loop's. A full pool
// makes the submitter wait, first come, first served, unless Options or SubmitOptions say
// otherwise. It never waits where waiting could not end: a submission from one of the pool's own
// tasks, or a blocking one from the loop's thread, is refused as overload when no slot is free.
class TaskPool {
  public:
    // Coroutines run on this loop, which one thread of the caller's runs, and which must outlive
    // the pool. Throws Error(usage) for a size of 0, Error(general) when prealloc finds no threads.
    TaskPool(Options options, boost::asio::io_context& loop);
    // With a loop and a thread for it of its own.
    explicit TaskPool(Options options = {});
    // Releases the pool and waits for the callables on its threads. Coroutines that are still
    // running go on, asked to stop, as long as the loop runs.
    ~TaskPool();
    TaskPool(const TaskPool&) = delete;
    TaskPool& operator=(const TaskPool&) = delete;

    // A callable for the thread lane: takes TaskContext& or nothing; returns TaskResult, or
    // anything else for ok. May block it, so it must not run on the loop.
    template <class F>
    Submitted submit(F&& task, SubmitOptions options = {}) {
        return submit_task(thread_task(std::forward<F>(task)), std::move(options));
    }
    // A coroutine for the loop, from any thread.
    Submitted submit_async(AsyncTask task, SubmitOptions options = {});
    // The same from a coroutine on the loop, waiting without holding a thread. Keep the options in
    // a named variable: g++ 12 destroys an aggregate made inside a co_await expression twice.
    boost::asio::awaitable<Submitted> async_submit(AsyncTask task);
    boost::asio::awaitable<Submitted> async_submit(AsyncTask task, SubmitOptions options);
    // A callable for the thread lane, from a coroutine on the loop.
    template <class F>
    boost::asio::awaitable<Submitted> async_submit_blocking(F&& task) {
        return async_submit_task(thread_task(std::forward<F>(task)), SubmitOptions());
    }
    template <class F>
    boost::asio::awaitable<Submitted> async_submit_blocking(F&& task, SubmitOptions options) {
        return async_submit_task(thread_task(std::forward<F>(task)), std::move(options));
    }

    Metrics metrics() const;
    std::size_t cap() const;
    std::size_t running() const;
    std::size_t free() const;
    std::size_t waiting() const;
    bool released() const;

    // Running tasks go on when the new size is smaller; nothing new starts above it. Throws
    // Error(usage) for 0.
    void resize(std::size_t size);

    // Until no task runs or is queued; after release, also until the threads have ended. Throws
    // Error(general) when called by the pool's own tasks, and on the loop's thread as soon as there
    // is a coroutine that would have to run there.
    void wait();
    bool wait(std::chrono::nanoseconds timeout);  // false when the time was up first
    boost::asio::awaitable<void> async_wait();

    // Refuses new tasks and waiting submitters, drops queued tasks as rejected, asks the running
    // ones to stop, and returns at once.
    void release();
    // Refuses new tasks and waiting submitters, lets accepted ones finish for up to `timeout`, then
    // asks them to stop and gives them stop_grace. Returns how many have not ended; they are asked
    // to stop already, and wait() waits for them.
    std::size_t release(std::chrono::nanoseconds timeout);
    // Opens a released pool again. Throws Error(general) while tasks are left from before, or while
    // another thread reboots it.
    void reboot();

    // Looks at the clock again: for tests that move it by hand.
    void clock_moved();

    boost::asio::io_context& loop() noexcept;

  private:
    Submitted submit_task(ThreadTask task, SubmitOptions options);
    boost::asio::awaitable<Submitted> async_submit_task(ThreadTask task, SubmitOptions options);

    std::unique_ptr<Loop> own_loop_;
    std::shared_ptr<State> state_;  // shared with the coroutines on the loop, which may outlive us
};

}  // namespace airy::pool
