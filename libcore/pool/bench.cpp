// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "pool/bench.hpp"

#include <malloc.h>
#include <sys/resource.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <fstream>
#include <string>
#include <thread>

#include "pool/pool.hpp"
#include "util/error.hpp"

namespace airy::pool {
namespace {

namespace asio = boost::asio;

// A size from /proc/self/status, in bytes; 0 when the file does not have it.
std::uint64_t status_bytes(const std::string& name) {
    std::ifstream status("/proc/self/status");
    for (std::string word; status >> word;)
        if (std::uint64_t kib = 0; word == name + ":" && status >> kib) return kib * 1024;
    return 0;
}

// Resets the peak to the memory that is held now (proc(5), clear_refs).
void forget_peak() {
    malloc_trim(0);
    std::ofstream("/proc/self/clear_refs") << 5;
}

double cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
        return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

asio::awaitable<TaskResult> wait_in_coroutine(TaskContext& context, std::chrono::nanoseconds wait) {
    if (wait.count() > 0) co_await context.sleep_for(wait);
    co_return TaskResult::ok;
}

asio::awaitable<void> produce(TaskPool& pool, std::uint64_t tasks, std::chrono::nanoseconds wait) {
    for (std::uint64_t i = 0; i < tasks; ++i) {
        AsyncTask task = [wait](TaskContext& context) { return wait_in_coroutine(context, wait); };
        auto submission = pool.async_submit(std::move(task));
        co_await std::move(submission);
    }
    co_await pool.async_wait();
}

void run_on_threads(TaskPool& pool, const BenchSpec& spec) {
    for (std::uint64_t i = 0; i < spec.tasks; ++i) {
        if (spec.wait.count() > 0)
            pool.submit([wait = spec.wait] { std::this_thread::sleep_for(wait); });
        else
            pool.submit([] {});
    }
    pool.wait();
}

}  // namespace

BenchResult run_bench(const BenchSpec& spec) {
    BenchResult result;
    asio::io_context loop(1);
    Options options;
    options.size = spec.cap;
    forget_peak();
    result.rss_before_bytes = status_bytes("VmRSS");
    const double cpu_before = cpu_seconds();
    const auto start = std::chrono::steady_clock::now();
    TaskPool pool(options, loop);
    if (spec.lane == Lane::async) {
        asio::co_spawn(loop, produce(pool, spec.tasks, spec.wait), asio::detached);
        loop.run();
    } else {
        run_on_threads(pool, spec);
    }
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    result.cpu_s = cpu_seconds() - cpu_before;
    result.peak_rss_bytes = status_bytes("VmHWM");
    const auto metrics = pool.metrics();
    if (metrics.total(OutcomeKind::ok) != spec.tasks)
        throw Error(ErrorKind::general, "only " + std::to_string(metrics.total(OutcomeKind::ok)) +
                                            " of " + std::to_string(spec.tasks) +
                                            " tasks ended well");
    result.elapsed_s = elapsed.count();
    result.tasks_per_s = static_cast<double>(spec.tasks) / result.elapsed_s;
    result.limit_s = static_cast<double>(spec.tasks) / static_cast<double>(spec.cap) *
                     std::chrono::duration<double>(spec.wait).count();
    result.wait = metrics.wait;
    result.run = metrics.run;
    return result;
}

}  // namespace airy::pool
