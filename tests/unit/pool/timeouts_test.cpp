// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// Timeouts and stop requests in a whole pool, with a clock that the test moves.
#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "support.hpp"
#include "util/error.hpp"

using namespace airy;
using namespace airy::pool;
using namespace airy::test;
using boost::asio::awaitable;

namespace {

struct Timed {
    test::ManualClock clock;
    Record<OutcomeKind> outcomes;
    Gate gate;
    TaskPool pool{with_clock(clock)};

    static Options with_clock(test::ManualClock& clock) {
        auto set = options(4);
        set.clock = &clock;
        set.task_timeout = 30s;
        return set;
    }
    SubmitOptions report() {
        SubmitOptions set;
        set.on_done = [this](const Outcome& outcome) { outcomes.add(outcome.kind); };
        return set;
    }
    void advance(std::chrono::nanoseconds by) {
        clock.advance(by);
        pool.clock_moved();
    }
};

}  // namespace

TEST_CASE("a task is asked to stop at its timeout, and has timed out whatever it returns") {
    Timed timed;
    std::atomic<bool> started = false, stopped = false;
    timed.pool.submit(
        [&](TaskContext& context) {
            CHECK(*context.deadline() == timed.clock.steady() + 30s);
            const std::stop_callback on_stop(context.stop_token(), [&] {
                stopped = true;
                timed.gate.open();
            });
            started = true;
            timed.gate.wait();
        },
        timed.report());
    REQUIRE(eventually([&] { return started.load(); }));
    timed.advance(29s);
    CHECK(timed.pool.metrics().overrun == 0);
    CHECK_FALSE(stopped);
    timed.advance(1s);
    timed.pool.wait();
    CHECK(stopped);
    CHECK(timed.outcomes.values() == std::vector{OutcomeKind::timed_out});
}

TEST_CASE("a task that ignores the stop keeps its slot, counts as overrun, and is not run twice") {
    Timed timed;
    std::atomic<int> runs = 0;
    timed.pool.submit(
        [&] {
            ++runs;
            timed.gate.wait();
        },
        timed.report());
    REQUIRE(eventually([&] { return runs == 1; }));
    timed.advance(31s);
    CHECK(eventually([&] { return timed.pool.metrics().overrun == 1; }));
    CHECK(timed.pool.running() == 1);
    CHECK(timed.pool.free() == 3);
    CHECK(timed.outcomes.size() == 0);
    timed.advance(1h);
    timed.gate.open();
    timed.pool.wait();
    CHECK(runs == 1);
    CHECK(timed.outcomes.values() == std::vector{OutcomeKind::timed_out});
    const auto metrics = timed.pool.metrics();
    CHECK(metrics.overrun == 0);
    CHECK(metrics.total(OutcomeKind::timed_out) == 1);
    CHECK(metrics.total(OutcomeKind::ok) == 0);
}

TEST_CASE("a submission may set its own timeout, or none") {
    Timed timed;
    auto shorter = timed.report(), none = timed.report();
    shorter.timeout = 5s;
    none.timeout = 0s;
    std::atomic<int> started = 0;
    Gate other;
    timed.pool.submit(
        [&](TaskContext& context) {
            ++started;
            const std::stop_callback on_stop(context.stop_token(), [&] { timed.gate.open(); });
            timed.gate.wait();
        },
        std::move(shorter));
    timed.pool.submit(
        [&](TaskContext& context) {
            CHECK_FALSE(context.deadline());
            ++started;
            other.wait();
        },
        std::move(none));
    REQUIRE(eventually([&] { return started == 2; }));
    timed.advance(5s);
    CHECK(eventually([&] { return timed.outcomes.size() == 1; }));
    timed.advance(100h);
    CHECK(timed.pool.metrics().overrun == 0);
    other.open();
    timed.pool.wait();
    CHECK(timed.outcomes.values() == std::vector{OutcomeKind::timed_out, OutcomeKind::ok});
}

TEST_CASE("a sleeping coroutine is woken by its timeout") {
    Timed timed;
    std::atomic<bool> started = false, disturbed = false;
    timed.pool.submit_async(
        [&](TaskContext& context) -> awaitable<TaskResult> {
            started = true;
            const bool undisturbed = co_await context.sleep_for(24h);
            disturbed = !undisturbed && context.stop_requested();
            co_return TaskResult::cancelled;
        },
        timed.report());
    REQUIRE(eventually([&] { return started.load(); }));
    timed.advance(30s);
    timed.pool.wait();
    CHECK(disturbed);
    CHECK(timed.outcomes.values() == std::vector{OutcomeKind::timed_out});
}

TEST_CASE("sleep_for follows the clock") {
    Timed timed;
    std::atomic<bool> asleep = false, woken = false;
    timed.pool.submit_async([&](TaskContext& context) -> awaitable<TaskResult> {
        asleep = true;
        const bool undisturbed = co_await context.sleep_for(20s);
        woken = undisturbed;
        co_return TaskResult::ok;
    });
    REQUIRE(eventually([&] { return asleep.load(); }));
    timed.advance(19s);
    CHECK_FALSE(woken);
    timed.advance(1s);
    CHECK(eventually([&] { return woken.load(); }));
    timed.pool.wait();
}

TEST_CASE("the submitter's token stops the running task, in both lanes") {
    TaskPool pool(options(4));
    Record<OutcomeKind> outcomes;
    std::stop_source stop;
    std::atomic<int> started = 0;
    const auto set = [&] {
        SubmitOptions options;
        options.stop_token = stop.get_token();
        options.on_done = [&](const Outcome& outcome) { outcomes.add(outcome.kind); };
        return options;
    };
    Gate gate;
    pool.submit(
        [&](TaskContext& context) {
            ++started;
            const std::stop_callback on_stop(context.stop_token(), [&] { gate.open(); });
            gate.wait();
            return TaskResult::cancelled;
        },
        set());
    pool.submit_async(
        [&](TaskContext& context) -> awaitable<TaskResult> {
            ++started;
            const bool undisturbed = co_await context.sleep_for(1h);
            if (!undisturbed) throw 1;
            co_return TaskResult::ok;
        },
        set());
    REQUIRE(eventually([&] { return started == 2; }));
    stop.request_stop();
    pool.wait();
    CHECK(outcomes.values() == std::vector{OutcomeKind::cancelled, OutcomeKind::cancelled});
}

TEST_CASE("a full pool refuses the submissions of a stop callback, whichever thread asks to stop") {
    Timed timed;
    timed.pool.resize(1);
    std::stop_source stop;
    auto set = timed.report();
    set.stop_token = stop.get_token();
    std::atomic<bool> started = false;
    Record<Submitted> answers;
    timed.pool.submit(
        [&](TaskContext& context) {
            const std::stop_callback on_stop(context.stop_token(), [&] {
                answers.add(timed.pool.submit([] {}));
                timed.gate.open();
            });
            started = true;
            timed.gate.wait();
        },
        std::move(set));
    REQUIRE(eventually([&] { return started.load(); }));
    std::thread asking;
    SUBCASE("the timekeeper") {
        timed.advance(30s);
    }
    SUBCASE("the submitter's") {
        asking = std::thread([&] { stop.request_stop(); });
    }
    CHECK(eventually([&] { return answers.size() == 1; }));
    CHECK(answers.values() == std::vector{Submitted::overload});
    timed.pool.resize(2);  // so that a failed test ends
    if (asking.joinable()) asking.join();
    timed.pool.wait();
}

TEST_CASE("a stop callback that release calls cannot wait for the pool") {
    TaskPool pool(options(1));
    std::atomic<bool> started = false, refused = false;
    Gate gate;
    pool.submit([&](TaskContext& context) {
        const std::stop_callback on_stop(context.stop_token(), [&] {
            try {
                pool.wait(0s);
            } catch (const Error&) {
                refused = true;
            }
            gate.open();
        });
        started = true;
        gate.wait();
    });
    REQUIRE(eventually([&] { return started.load(); }));
    pool.release();
    pool.wait();
    CHECK(refused);
}

TEST_CASE("a task that stops a task of another pool is still inside its own pool") {
    TaskPool own(options(1)), other(options(1));
    std::stop_source stop;
    SubmitOptions set;
    set.stop_token = stop.get_token();
    std::atomic<bool> started = false;
    Record<Submitted> answers;
    Gate gate;
    other.submit(
        [&](TaskContext& context) {
            const std::stop_callback on_stop(context.stop_token(), [&] {
                answers.add(own.submit([] {}));
                answers.add(other.submit([] {}));
                gate.open();
            });
            started = true;
            gate.wait();
        },
        std::move(set));
    REQUIRE(eventually([&] { return started.load(); }));
    own.submit([&] { stop.request_stop(); });
    CHECK(eventually([&] { return answers.size() == 2; }));
    CHECK(answers.values() == std::vector{Submitted::overload, Submitted::overload});
    own.resize(2);  // so that a failed test ends
    other.resize(2);
    own.wait();
    other.wait();
}
