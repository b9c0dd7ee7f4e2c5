// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// The pool alone: coroutines that wait and callables that compute share eight slots; events of one
// user stay in order; a failure or a timeout stops no other task.
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <string>

#include "pool/pool.hpp"

using namespace airy::pool;
using namespace std::chrono_literals;

namespace {

boost::asio::awaitable<TaskResult> notify(TaskContext& context) {
    const bool undisturbed = co_await context.sleep_for(5ms);  // a slow service; no thread waits
    co_return undisturbed ? TaskResult::ok : TaskResult::cancelled;
}

boost::asio::awaitable<TaskResult> hang(TaskContext& context) {
    co_await context.sleep_for(1h);
    co_return TaskResult::failed;
}

void index_post(int post) {
    if (post == 13) throw std::runtime_error("post 13 cannot be indexed");
}

}  // namespace

int main() {
    Options options;
    options.size = 8;
    options.on_failure = [](const TaskReport& report) {
        const auto kind = std::string(name(report.outcome.kind));
        std::printf("task %s %s\n", kind.c_str(), describe(report.outcome.exception).c_str());
    };
    TaskPool pool(options);

    for (int post = 0; post < 100; ++post) {
        pool.submit([post] { index_post(post); });
        SubmitOptions in_order;
        in_order.key = "user." + std::to_string(post % 3);
        pool.submit_async(notify, std::move(in_order));
    }
    SubmitOptions short_time;
    short_time.timeout = 20ms;
    pool.submit_async(hang, std::move(short_time));

    pool.wait();
    const Metrics metrics = pool.metrics();
    std::printf("ok %d, threw %d, timed out %d; p99 of the wait for a slot %.1f ms\n",
                static_cast<int>(metrics.total(OutcomeKind::ok)),
                static_cast<int>(metrics.total(OutcomeKind::threw)),
                static_cast<int>(metrics.total(OutcomeKind::timed_out)),
                std::chrono::duration<double, std::milli>(metrics.wait.quantile(0.99)).count());
    return metrics.total(OutcomeKind::ok) == 199 && metrics.total(OutcomeKind::threw) == 1 &&
                   metrics.total(OutcomeKind::timed_out) == 1
               ? 0
               : 1;
}
