// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// The ways in which Airy uses its pool, each as a test of its own.
#include "pool/pool.hpp"

#include <doctest/doctest.h>

#include <atomic>

#include "support.hpp"
#include "util/error.hpp"

using namespace airy;
using namespace airy::pool;
using namespace airy::test;

TEST_CASE("Airy: the pool has 10000 slots by default, and the contract's other defaults") {
    const Options set;
    CHECK(set.size == 10000);
    CHECK(set.expiry == 10s);
    CHECK(set.prealloc == false);
    CHECK(set.max_blocking == 0);
    CHECK(set.nonblocking == false);
    CHECK(set.task_timeout == 5min);
    CHECK(TaskPool().cap() == 10000);
    Options none;
    none.size = 0;
    CHECK_THROWS_AS(TaskPool{none}, Error);
}

TEST_CASE("Airy: free is 5 of 5, then running 1 and free 4") {
    TaskPool pool(options(5));
    CHECK(pool.free() == 5);
    CHECK(pool.running() == 0);
    Gate gate;
    pool.submit([&] { gate.wait(); });
    CHECK(pool.running() == 1);
    CHECK(pool.free() == 4);
    gate.open();
    pool.wait();
    CHECK(pool.running() == 0);  // also while the task's thread is still there
    CHECK(pool.free() == 5);
}

TEST_CASE("Airy: a submission to a closed pool is an error") {
    TaskPool pool(options(5));
    pool.release();
    CHECK(pool.submit([] {}) == Submitted::closed);
}

TEST_CASE("Airy: release within a time fails when a task is still running") {
    Gate gate;
    auto set = options(5);
    set.stop_grace = 5ms;
    TaskPool pool(set);
    pool.submit([&] { gate.wait(); });
    CHECK(pool.release(5ms) == 1);
    gate.open();
    pool.wait();
}

TEST_CASE("Airy: the context of running tasks is cancelled on release") {
    TaskPool pool(options(5));
    std::atomic<bool> started = false, cancelled = false;
    pool.submit([&](TaskContext& context) {
        Gate gate;
        const std::stop_callback on_stop(context.stop_token(), [&] { gate.open(); });
        started = true;
        gate.wait();
        cancelled = context.stop_requested();
    });
    REQUIRE(eventually([&] { return started.load(); }));
    pool.release();
    pool.wait();
    CHECK(cancelled);
}

TEST_CASE("the counts of the metrics add up") {
    TaskPool pool(options(4));
    Gate gate;
    for (int i = 0; i < 3; ++i)
        pool.submit([&] { gate.wait(); });
    for (int i = 0; i < 4; ++i) {
        SubmitOptions set;
        set.key = "k";
        pool.submit([&] { gate.wait(); }, std::move(set));
    }
    const auto busy = pool.metrics();
    CHECK(busy.cap == 4);
    CHECK(busy.running == 4);
    CHECK(busy.free == 0);
    CHECK(busy.queued == 3);
    CHECK(busy.submitted == 7);
    gate.open();
    pool.wait();
    const auto done = pool.metrics();
    CHECK(done.total(OutcomeKind::ok) == 7);
    CHECK(done.wait.count() == 7);
    CHECK(done.run.count() == 7);
    CHECK(done.run.max() >= done.run.quantile(0.5));
}

TEST_CASE("task ids are unique and count from 1") {
    TaskPool pool(options(1));
    Record<std::uint64_t> ids;
    for (int i = 0; i < 3; ++i)
        pool.submit([&](TaskContext& context) { ids.add(context.id()); });
    pool.wait();
    CHECK(ids.values() == std::vector<std::uint64_t>{1, 2, 3});
}
