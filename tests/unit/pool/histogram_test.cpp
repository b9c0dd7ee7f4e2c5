// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "pool/histogram.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <random>
#include <vector>

using namespace airy::pool;
using std::chrono::nanoseconds;

TEST_CASE("an empty histogram is all zeros") {
    const Histogram histogram;
    CHECK(histogram.count() == 0);
    CHECK(histogram.quantile(0.5).count() == 0);
    CHECK(histogram.max().count() == 0);
    CHECK(histogram.mean().count() == 0);
}

TEST_CASE("every value lies in its bucket, and there are no gaps between buckets") {
    for (std::uint64_t value : {0ull, 1ull, 31ull, 32ull, 33ull, 63ull, 64ull, 65ull, 1000ull,
                                123456789ull, 1ull << 40, (1ull << 46) + 12345}) {
        const auto at = buckets::index(value);
        CHECK(buckets::lower(at) <= value);
        CHECK(value < buckets::upper(at));
    }
    for (std::size_t i = 0; i + 1 < buckets::count; ++i) {
        REQUIRE(buckets::upper(i) == buckets::lower(i + 1));
        REQUIRE(buckets::index(buckets::lower(i)) == i);
    }
    CHECK(buckets::index(UINT64_MAX) == buckets::count - 1);
}

TEST_CASE("quantiles are within the promised error of the true quantiles") {
    std::mt19937_64 random(7);
    std::lognormal_distribution<double> shape(11, 3);
    Histogram histogram;
    std::vector<std::int64_t> values;
    for (int i = 0; i < 20000; ++i) {
        values.push_back(static_cast<std::int64_t>(shape(random)));
        histogram.record(nanoseconds(values.back()));
    }
    std::sort(values.begin(), values.end());
    for (const double q : {0.01, 0.5, 0.9, 0.99, 0.999}) {
        const auto rank = static_cast<std::size_t>(std::ceil(q * 20000)) - 1;
        const auto exact = static_cast<double>(values[rank]);
        const auto got = static_cast<double>(histogram.quantile(q).count());
        CHECK(got == doctest::Approx(exact).epsilon(Histogram::relative_error));
    }
    CHECK(histogram.quantile(1).count() == values.back());
    CHECK(histogram.max().count() == values.back());
    CHECK(histogram.count() == 20000);
}

TEST_CASE("a merged histogram equals one that recorded all values") {
    Histogram both, left, right;
    for (int i = 0; i < 1000; ++i) {
        const nanoseconds value(i * i);
        both.record(value);
        (i % 3 ? left : right).record(value);
    }
    left.merge(right);
    left.merge(Histogram());
    CHECK(left.count() == both.count());
    CHECK(left.sum() == both.sum());
    CHECK(left.max() == both.max());
    for (const double q : {0.1, 0.5, 0.99})
        CHECK(left.quantile(q) == both.quantile(q));
    CHECK(left.count_up_to(nanoseconds(250000)) == both.count_up_to(nanoseconds(250000)));
    CHECK(both.count_up_to(both.max()) == 1000);
}

TEST_CASE("a recorder's snapshot holds the recorded values; a negative value counts as 0") {
    auto recorder = std::make_unique<Recorder>();
    recorder->record(nanoseconds(-5));
    recorder->record(nanoseconds(100));
    const auto snapshot = recorder->snapshot();
    CHECK(snapshot.count() == 2);
    CHECK(snapshot.sum().count() == 100);
    CHECK(snapshot.max().count() == 100);
    CHECK(snapshot.quantile(0.5).count() == 0);
}
