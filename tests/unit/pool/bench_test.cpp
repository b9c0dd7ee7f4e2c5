// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "pool/bench.hpp"

#include <doctest/doctest.h>

using namespace airy::pool;
using namespace std::chrono_literals;

TEST_CASE("a benchmark runs every task in either lane, and is never faster than its limit") {
    for (const auto lane : {Lane::async, Lane::threads}) {
        BenchSpec spec;
        spec.tasks = 200;
        spec.cap = 20;
        spec.wait = 2ms;
        spec.lane = lane;
        const auto result = run_bench(spec);
        CHECK(result.limit_s == doctest::Approx(0.02));
        CHECK(result.elapsed_s >= result.limit_s);
        CHECK(result.tasks_per_s == doctest::Approx(200 / result.elapsed_s));
        CHECK(result.run.count() == 200);
        CHECK(result.run.quantile(0) >= 1900us);
        CHECK(result.peak_rss_bytes > 0);
    }
}
