// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "pool/callable.hpp"
#include "pool/outcome.hpp"
#include "util/clock.hpp"

namespace airy::pool {

// The words and defaults of Airy's pool (contract, section 8).
struct Options {
    std::size_t size = 10000;  // slots: tasks that run at once; at least 1
    std::chrono::nanoseconds expiry = std::chrono::seconds(10);  // an idle thread ends after this
    bool prealloc = false;         // the pool makes `size` threads at the start, and keeps them
    std::size_t max_blocking = 0;  // submitters that may wait at once; 0 = no limit
    bool nonblocking = false;      // a full pool refuses the submitter instead of making it wait
    // A task has timed out when it has run for so long; 0 = never.
    std::chrono::nanoseconds task_timeout = std::chrono::minutes(5);
    std::size_t max_keyed = 10000;  // tasks that may be queued behind running tasks of their keys
    std::size_t stack_size = 256 * 1024;  // of each thread, in bytes
    // release(timeout) waits so long for tasks that it has asked to stop.
    std::chrono::nanoseconds stop_grace = std::chrono::milliseconds(100);
    const util::Clock* clock = &util::system_clock();  // must outlive the pool
    // The pool calls this for each task that failed, threw or timed out, on the thread that ran the
    // task, before it counts the task as ended. An exception of the function is logged and dropped.
    // Without a function, such tasks are logged.
    std::function<void(const TaskReport&)> on_failure;
};

enum class Priority : std::uint8_t { high, normal, low };

struct SubmitOptions {
    // The pool calls this once for every accepted task when the task has ended, on the thread that
    // ran it, while it still holds its slot. For a task that never started (cancelled, rejected)
    // the thread that dropped the task calls it. It must not wait for the pool. An exception of it
    // is logged and dropped.
    Callable<void(const Outcome&), 32> on_done;
    // Of seven waiting tasks the pool starts four of high, two of normal and one of low priority.
    // Within a priority the first to come is the first served.
    Priority priority = Priority::normal;
    // Tasks with the same key, unless it is empty, run one after another in the order of their
    // submission. A task behind a running one is accepted, and is queued without a slot; max_keyed
    // bounds the number of such tasks in the pool.
    std::string key;
    // The submitter waits for a slot until this time. It has no effect on an accepted task.
    std::optional<util::SteadyTime> deadline;
    // When this token fires, it ends the submitter's wait, drops an accepted task that is queued
    // behind its key, or asks the running task to stop.
    std::stop_token stop_token;
    std::optional<std::chrono::nanoseconds> timeout;  // instead of Options::task_timeout; 0 = never
};

class TaskContext;
using ThreadTask = Callable<TaskResult(TaskContext&)>;
// The pool keeps the callable until its coroutine has ended, so a lambda coroutine with captures is
// safe here.
using AsyncTask = Callable<boost::asio::awaitable<TaskResult>(TaskContext&)>;

// Makes a ThreadTask of a callable. The callable takes a TaskContext& or nothing; it returns a
// TaskResult, or anything else, which means ok.
template <class F>
ThreadTask thread_task(F&& function) {
    using Stored = std::decay_t<F>;
    if constexpr (std::is_same_v<Stored, ThreadTask>) {
        return std::forward<F>(function);
    } else if constexpr (std::is_invocable_v<Stored&, TaskContext&>) {
        if constexpr (std::is_same_v<std::invoke_result_t<Stored&, TaskContext&>, TaskResult>)
            return ThreadTask(std::forward<F>(function));
        else
            return ThreadTask(
                [f = Stored(std::forward<F>(function))](TaskContext& context) mutable {
                    f(context);
                    return TaskResult::ok;
                });
    } else {
        return ThreadTask([f = Stored(std::forward<F>(function))](TaskContext&) mutable {
            if constexpr (std::is_same_v<std::invoke_result_t<Stored&>, TaskResult>) {
                return f();
            } else {
                f();
                return TaskResult::ok;
            }
        });
    }
}

}  // namespace airy::pool
