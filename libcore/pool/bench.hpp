// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "pool/histogram.hpp"
#include "pool/outcome.hpp"

namespace airy::pool {

// A benchmark of tasks that only wait, all submitted by one producer. The time beyond that of the
// waiting is the cost of the pool.
struct BenchSpec {
    std::uint64_t tasks = 1'000'000;
    std::size_t cap = 10'000;
    std::chrono::nanoseconds wait = std::chrono::milliseconds(10);  // 0: empty tasks
    Lane lane = Lane::async;
};

struct BenchResult {
    double elapsed_s = 0;
    double tasks_per_s = 0;
    double limit_s = 0;  // tasks / cap * wait: no pool can be faster; 0 for empty tasks
    double cpu_s = 0;    // processor time of the whole process
    // Resident memory of the process: its peak during the run, and its size before.
    std::uint64_t peak_rss_bytes = 0;
    std::uint64_t rss_before_bytes = 0;
    Histogram wait;  // from submit to start
    Histogram run;   // of the task itself
};

// Runs the benchmark on the calling thread and, for the thread lane, on up to `cap` more threads.
// Throws Error(general) when a task did not end well.
BenchResult run_bench(const BenchSpec& spec);

}  // namespace airy::pool
