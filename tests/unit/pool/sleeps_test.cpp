// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "pool/sleeps.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <vector>

using namespace airy::pool;
using airy::util::SteadyTime;
using std::chrono::nanoseconds;

namespace {
SteadyTime at(std::int64_t ns) {
    return SteadyTime(nanoseconds(ns));
}
}  // namespace

TEST_CASE("sleepers wake in the order of their times, and none wakes early") {
    SleepQueue queue;
    Task task;
    std::mt19937 random(3);
    std::vector<std::int64_t> woken;
    for (int i = 0; i < 1000; ++i) {
        const std::int64_t time = random() % 5000;
        queue.add(at(time), task, [&woken, time](bool) { woken.push_back(time); });
    }
    for (std::int64_t now = 0; now < 5000; now += 100) {
        while (auto due = queue.pop_due(at(now)).resume)
            due(true);
        if (!woken.empty()) REQUIRE(woken.back() <= now);
        if (queue.next()) REQUIRE(*queue.next() > at(now));
    }
    while (auto due = queue.pop_due(at(5000)).resume)
        due(true);
    CHECK(woken.size() == 1000);
    CHECK(std::is_sorted(woken.begin(), woken.end()));
    CHECK(queue.empty());
    CHECK(task.first_sleep == no_sleep);
}

TEST_CASE("a task's own sleepers can be taken out, the others stay in order") {
    SleepQueue queue;
    Task stopped, other;
    int disturbed = 0;
    std::vector<int> woken;
    for (int i = 0; i < 500; ++i) {
        queue.add(at(1000 - i), stopped, [&](bool) { ++disturbed; });
        queue.add(at(2 * i), other, [&woken, i](bool) { woken.push_back(i); });
    }
    while (auto resume = queue.pop_of(stopped))
        resume(false);
    CHECK(disturbed == 500);
    CHECK(stopped.first_sleep == no_sleep);
    while (auto due = queue.pop_due(at(5000)).resume)
        due(true);
    REQUIRE(woken.size() == 500);
    CHECK(std::is_sorted(woken.begin(), woken.end()));
    CHECK(disturbed == 500);
    CHECK(queue.empty());
}

TEST_CASE("a sleep that ends after a stop request is reported as disturbed") {
    SleepQueue queue;
    Task task;
    queue.add(at(10), task, [](bool) {});
    task.stop_requested = true;
    CHECK_FALSE(queue.pop_due(at(10)).in_full);
}
