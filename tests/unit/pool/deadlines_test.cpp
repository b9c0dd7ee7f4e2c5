// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "pool/deadlines.hpp"

#include <doctest/doctest.h>

using namespace airy::pool;
using namespace std::chrono_literals;
using airy::util::SteadyTime;

namespace {
SteadyTime at(std::chrono::nanoseconds time) {
    return SteadyTime(time);
}
constexpr auto never = SteadyTime::max();
}  // namespace

TEST_CASE("running tasks are due at their timeouts, the pool's or their own, each once") {
    Deadlines deadlines(30s);
    Task usual, quick, endless;
    quick.more().timeout = 5s;
    endless.more().timeout = 0s;
    CHECK(deadlines.next() == never);
    CHECK(deadlines.start(usual, at(1s)) == at(31s));
    CHECK(deadlines.start(quick, at(2s)) == at(7s));
    CHECK(deadlines.start(endless, at(3s)) == never);
    CHECK(usual.place == Place::running);
    CHECK_FALSE(endless.has_deadline);
    CHECK(deadlines.next() == at(7s));
    CHECK(deadlines.pop_due(at(7s) - 1ns) == nullptr);
    CHECK(deadlines.pop_due(at(7s)) == &quick);
    CHECK(quick.timed_out);
    CHECK(deadlines.overrun() == 1);
    CHECK(deadlines.next() == at(31s));
    CHECK(deadlines.pop_due(at(100s)) == &usual);
    CHECK(deadlines.pop_due(at(100s)) == nullptr);
    CHECK(deadlines.next() == never);
    CHECK(deadlines.overrun() == 2);
    int running = 0;
    deadlines.for_each_running([&](Task&) { ++running; });
    CHECK(running == 3);
    for (Task* task : {&usual, &quick, &endless})
        deadlines.end(*task);
    CHECK(deadlines.overrun() == 0);
}

TEST_CASE("a task that has ended is not due") {
    Deadlines deadlines(30s);
    Task usual, quick;
    quick.more().timeout = 5s;
    deadlines.start(usual, at(0s));
    deadlines.start(quick, at(0s));
    deadlines.end(quick);
    CHECK(deadlines.next() == at(30s));
    deadlines.end(usual);
    CHECK(deadlines.next() == never);
    CHECK(deadlines.pop_due(at(1h)) == nullptr);
}

TEST_CASE("a submitter that waits is due at its own deadline, unless the timer is cleared") {
    Deadlines deadlines(0s);
    Task waiting, answered;
    for (Task* task : {&waiting, &answered}) {
        task->more();
        task->place = Place::line;
        deadlines.set_timer(*task, at(4s));
    }
    deadlines.clear_timer(answered);
    deadlines.clear_timer(answered);
    CHECK(deadlines.next() == at(4s));
    CHECK(deadlines.pop_due(at(4s)) == &waiting);
    CHECK(waiting.place == Place::line);
    CHECK_FALSE(waiting.timed_out);
    CHECK(deadlines.overrun() == 0);
    CHECK(deadlines.pop_due(at(1h)) == nullptr);
}

TEST_CASE("a pool without a timeout has no deadlines, and no time is past the end of time") {
    Deadlines deadlines(0s);
    Task task, late;
    CHECK(deadlines.start(task, at(1s)) == never);
    late.more().timeout = std::chrono::nanoseconds::max();
    CHECK(deadlines.start(late, at(1s)) == never);
    CHECK(late.has_deadline);
    CHECK(deadlines.pop_due(at(1h)) == nullptr);
    deadlines.end(task);
    deadlines.end(late);
}
