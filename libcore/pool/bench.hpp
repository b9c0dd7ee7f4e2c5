// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "pool/histogram.hpp"
#include "pool/outcome.hpp"

namespace airy::pool {

// Tasks that only wait, all submitted by one producer: what is left beside the waiting is the pool.
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
    double cpu_s = 0;    // of the whole process
    // Most memory the process held during the run, and before it.
    std::uint64_t peak_rss_bytes = 0;
    std::uint64_t rss_before_bytes = 0;
    Histogram wait;  // from submit to start
    Histogram run;   // of the task itself
};

// Runs it on the calling thread and, for the thread lane, on up to `cap` more. Throws
// Error(general) when a task was lost.
BenchResult run_bench(const BenchSpec& spec);

}  // namespace airy::pool
