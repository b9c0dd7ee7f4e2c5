// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// Callables in a whole pool: results, exceptions, threads that come and go.
#include <doctest/doctest.h>

#include <atomic>
#include <set>
#include <stdexcept>
#include <thread>

#include "support.hpp"
#include "util/error.hpp"

using namespace airy;
using namespace airy::pool;
using namespace airy::test;

namespace {

Outcome outcome_of(TaskPool& pool, ThreadTask task) {
    Outcome got;
    SubmitOptions set;
    set.on_done = [&](const Outcome& outcome) { got = outcome; };
    REQUIRE(pool.submit(std::move(task), std::move(set)) == Submitted::accepted);
    pool.wait();
    return got;
}

}  // namespace

TEST_CASE("a task's result is its outcome") {
    TaskPool pool(options(2));
    CHECK(outcome_of(pool, thread_task([] {})).kind == OutcomeKind::ok);
    CHECK(outcome_of(pool, thread_task([] { return TaskResult::failed; })).kind ==
          OutcomeKind::failed);
    CHECK(outcome_of(pool, thread_task([](TaskContext&) { return TaskResult::cancelled; })).kind ==
          OutcomeKind::cancelled);
    CHECK(outcome_of(pool, thread_task([] { return 17; })).kind == OutcomeKind::ok);
    const auto metrics = pool.metrics();
    CHECK(metrics.total(OutcomeKind::ok) == 2);
    CHECK(metrics.total(OutcomeKind::failed) == 1);
    CHECK(metrics.total(OutcomeKind::cancelled) == 1);
    CHECK(metrics.run.count() == 4);
    CHECK(metrics.wait.count() == 4);
}

TEST_CASE("exceptions of any type are caught, and the pool goes on") {
    Record<std::string> failures;
    auto set = options(2);
    set.on_failure = [&](const TaskReport& report) {
        failures.add(describe(report.outcome.exception));
    };
    TaskPool pool(set);
    const auto error = outcome_of(pool, thread_task([] { throw Error(ErrorKind::general, "no"); }));
    CHECK(error.kind == OutcomeKind::threw);
    CHECK_THROWS_AS(std::rethrow_exception(error.exception), Error);
    CHECK(outcome_of(pool, thread_task([] { throw 42; })).kind == OutcomeKind::threw);
    CHECK(outcome_of(pool, thread_task([] { throw std::string("text"); })).kind ==
          OutcomeKind::threw);
    CHECK(outcome_of(pool, thread_task([] {})).kind == OutcomeKind::ok);
    CHECK(failures.values() ==
          std::vector<std::string>{"no", "unknown exception", "unknown exception"});
}

TEST_CASE("the handlers have run, and the captures are gone, before a waiter sees the end") {
    auto set = options(2);
    std::atomic<bool> reported = false, completed = false;
    set.on_failure = [&](const TaskReport&) { reported = true; };
    TaskPool pool(set);
    for (int i = 0; i < 200; ++i) {
        reported = completed = false;
        auto held = std::make_shared<int>(1);
        SubmitOptions done;
        done.on_done = [&completed, held](const Outcome&) { completed = true; };
        pool.submit([held] { throw std::runtime_error("x"); }, std::move(done));
        pool.wait();
        REQUIRE(reported);
        REQUIRE(completed);
        REQUIRE(held.use_count() == 1);
    }
}

TEST_CASE("a pool survives handlers that throw") {
    auto set = options(1);
    set.on_failure = [](const TaskReport&) { throw 1; };
    TaskPool pool(set);
    for (int i = 0; i < 3; ++i) {
        SubmitOptions done;
        done.on_done = [](const Outcome&) { throw std::runtime_error("y"); };
        CHECK(pool.submit([] { throw 2; }, std::move(done)) == Submitted::accepted);
    }
    pool.wait();
    CHECK(pool.metrics().total(OutcomeKind::threw) == 3);
    CHECK(pool.running() == 0);
}

TEST_CASE("each blocked task has a thread of its own, up to the size") {
    Gate gate;
    std::atomic<int> together = 0;
    TaskPool pool(options(50));
    for (int i = 0; i < 50; ++i)
        pool.submit([&] {
            ++together;
            gate.wait();
        });
    CHECK(eventually([&] { return together == 50; }));
    CHECK(pool.metrics().threads_live == 50);
    CHECK(pool.free() == 0);
    gate.open();
    pool.wait();
    CHECK(eventually([&] { return pool.metrics().threads_idle == 50; }));
    CHECK(pool.running() == 0);
}

TEST_CASE("blocked tasks get threads also after a stream of short ones") {
    TaskPool pool(options(16));
    for (int round = 0; round < 20; ++round) {
        for (int i = 0; i < 2000; ++i)
            pool.submit([] {});
        Gate gate;
        std::atomic<int> together = 0;
        for (int i = 0; i < 16; ++i)
            pool.submit([&] {
                ++together;
                gate.wait();
            });
        REQUIRE(eventually([&] { return together == 16; }));
        gate.open();
        pool.wait();
    }
}

TEST_CASE("one task after another runs on one thread") {
    TaskPool pool(options(8));
    std::set<std::thread::id> threads;
    for (int i = 0; i < 50; ++i) {
        pool.submit([&] { threads.insert(std::this_thread::get_id()); });
        pool.wait();
        // The thread must be parked before the next task, or a second thread would be right.
        REQUIRE(eventually([&] {
            const auto metrics = pool.metrics();
            return metrics.threads_idle == metrics.threads_live;
        }));
    }
    CHECK(threads.size() == 1);
}

TEST_CASE("idle threads end after the expiry, the thread used last as the last") {
    test::ManualClock clock;
    auto set = options(8);
    set.clock = &clock;
    set.expiry = 10s;
    set.task_timeout = 0s;
    TaskPool pool(set);
    Gate gate;
    for (int i = 0; i < 8; ++i)
        pool.submit([&] { gate.wait(); });
    gate.open();
    CHECK(eventually([&] { return pool.metrics().threads_idle == 8; }));
    clock.advance(6s);
    pool.clock_moved();
    std::atomic<bool> ran = false;
    pool.submit([&] { ran = true; });
    CHECK(eventually([&] { return ran && pool.metrics().threads_idle == 8; }));
    clock.advance(5s);  // seven threads are idle for 11 s, one for 5 s
    pool.clock_moved();
    CHECK(eventually([&] { return pool.metrics().threads_live == 1; }));
    clock.advance(5s);
    pool.clock_moved();
    CHECK(eventually([&] { return pool.metrics().threads_live == 0; }));
    CHECK(pool.submit([] {}) == Submitted::accepted);
    pool.wait();
    CHECK(pool.metrics().total(OutcomeKind::ok) == 10);
}

TEST_CASE("prealloc makes the threads at the start and keeps them") {
    test::ManualClock clock;
    auto set = options(6);
    set.clock = &clock;
    set.prealloc = true;
    TaskPool pool(set);
    CHECK(pool.metrics().threads_live == 6);
    CHECK(eventually([&] { return pool.metrics().threads_idle == 6; }));
    clock.advance(1h);
    pool.clock_moved();
    std::atomic<bool> ran = false;
    pool.submit([&] { ran = true; });
    CHECK(eventually([&] { return ran.load(); }));
    CHECK(pool.metrics().threads_live == 6);
    CHECK(pool.running() <= 1);
}

TEST_CASE("many producers, every task runs once") {
    TaskPool pool(options(8));
    constexpr int producers = 4, each = 3000;
    std::vector<std::atomic<int>> runs(producers * each);
    std::vector<std::thread> threads;
    for (int p = 0; p < producers; ++p)
        threads.emplace_back([&, p] {
            for (int i = 0; i < each; ++i)
                pool.submit([&runs, at = static_cast<std::size_t>(p * each + i)] { ++runs[at]; });
        });
    for (auto& thread : threads)
        thread.join();
    pool.wait();
    CHECK(std::all_of(runs.begin(), runs.end(), [](auto& count) { return count == 1; }));
    CHECK(pool.metrics().total(OutcomeKind::ok) == producers * each);
}
