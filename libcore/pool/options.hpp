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
    std::size_t size = 10000;  // most tasks running at once; at least 1
    std::chrono::nanoseconds expiry = std::chrono::seconds(10);  // an idle thread ends after this
    bool prealloc = false;                                       // make `size` threads at the start
    std::size_t max_blocking = 0;  // most submitters allowed to wait; 0 = no limit
    bool nonblocking = false;      // a full pool refuses instead of waiting
    std::chrono::nanoseconds task_timeout = std::chrono::minutes(5);  // from the start; 0 = none
    std::size_t max_keyed = 10000;        // most tasks queued behind a running task of their key
    std::size_t stack_size = 256 * 1024;  // of each thread, bytes
    // How long release(timeout) gives tasks to react once it has asked them to stop.
    std::chrono::nanoseconds stop_grace = std::chrono::milliseconds(100);
    const util::Clock* clock = &util::system_clock();  // must outlive the pool
    // Called for each task that failed, threw or timed out, on the thread it ran on, before anybody
    // sees the task as done; what it throws is dropped. Without one, such tasks are logged.
    std::function<void(const TaskReport&)> on_failure;
};

enum class Priority : std::uint8_t { high, normal, low };

struct SubmitOptions {
    // Called once for every accepted task when it has ended, on the thread it ran on, while it
    // still holds its slot; what it throws is dropped. A task that never started (cancelled,
    // rejected) is reported on the thread that ended it. Must not wait for the pool.
    Callable<void(const Outcome&), 32> on_done;
    // Among waiting tasks 4 of high are started for 2 of normal and 1 of low; first come, first
    // served within one priority.
    Priority priority = Priority::normal;
    // Tasks with the same non-empty key run one after another in the order they were submitted.
    // Those behind the running one are accepted, hold no slot, and are bounded by max_keyed.
    std::string key;
    // The submitter waits for a slot until then. No effect on a task that was accepted.
    std::optional<util::SteadyTime> deadline;
    // Ends the wait of the submitter, takes an accepted task out of its key's queue, or asks the
    // running task to stop.
    std::stop_token stop_token;
    std::optional<std::chrono::nanoseconds> timeout;  // instead of Options::task_timeout; 0 = none
};

class TaskContext;
using ThreadTask = Callable<TaskResult(TaskContext&)>;
// The pool keeps the callable until its coroutine has ended, so a lambda coroutine with captures is
// safe here.
using AsyncTask = Callable<boost::asio::awaitable<TaskResult>(TaskContext&)>;

// Makes a ThreadTask of a callable that takes a TaskContext& or nothing, and returns a TaskResult
// or anything else, which means ok.
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
