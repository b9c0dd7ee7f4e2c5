// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// Coroutines in a whole pool.
#include <doctest/doctest.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <memory>
#include <stdexcept>
#include <thread>

#include "support.hpp"
#include "util/error.hpp"

using namespace airy;
using namespace airy::pool;
using namespace airy::test;
namespace asio = boost::asio;
using asio::awaitable;

namespace {

awaitable<TaskResult> asio_timer(TaskContext&) {
    asio::steady_timer timer(co_await asio::this_coro::executor, 2ms);
    co_await timer.async_wait(asio::deferred);
    co_return TaskResult::ok;
}

awaitable<TaskResult> fail(TaskContext&) {
    co_return TaskResult::failed;
}

awaitable<TaskResult> throw_after_sleep(TaskContext& context) {
    co_await context.sleep_for(1ms);
    throw std::runtime_error("after a sleep");
}

awaitable<TaskResult> submit_twice(TaskContext&, TaskPool& pool, Record<Submitted>& answers) {
    AsyncTask first = pass_at_once;
    auto submission = pool.async_submit(std::move(first));
    answers.add(co_await std::move(submission));
    co_return TaskResult::ok;
}

awaitable<void> submit_all(TaskPool& pool, int count, std::atomic<int>& ran, Record<int>& order) {
    for (int i = 0; i < count; ++i) {
        AsyncTask task = [&ran, &order, i](TaskContext& context) -> awaitable<TaskResult> {
            co_await context.sleep_for(1ms);
            order.add(i);
            ++ran;
            co_return TaskResult::ok;
        };
        auto submission = pool.async_submit(std::move(task));
        const auto submitted = co_await std::move(submission);
        CHECK(submitted == Submitted::accepted);
    }
    co_await pool.async_wait();
    CHECK(ran == count);
}

awaitable<void> submit_one(TaskPool& pool, SubmitOptions& set, Record<Submitted>& answers) {
    AsyncTask task = pass_at_once;
    auto submission = pool.async_submit(std::move(task), std::move(set));
    answers.add(co_await std::move(submission));
}

// Each callable ends at about the moment when async_wait() looks whether a task is left.
awaitable<void> wait_for_each(TaskPool& pool, std::atomic<int>& waits, int count) {
    for (; waits < count; ++waits) {
        std::atomic<bool> go = false;
        pool.submit([&go] {
            while (!go)
                continue;
        });
        auto wait = pool.async_wait();
        go = true;
        co_await std::move(wait);
    }
}

awaitable<void> submit_callable(TaskPool& pool, std::atomic<bool>& on_thread) {
    const auto loop = std::this_thread::get_id();
    auto submission = pool.async_submit_blocking(
        [&on_thread, loop] { on_thread = std::this_thread::get_id() != loop; });
    co_await std::move(submission);
}

// Waits for a pool on the loop's thread. result() is `none` as long as it waits.
class WaitOnLoop {
  public:
    enum Result { none, idle, time_up, refused };
    void start(TaskPool& pool, std::chrono::nanoseconds timeout) {
        asio::post(pool.loop(), [this, &pool, timeout] {
            thread_ = std::this_thread::get_id();
            try {
                result_ = pool.wait(timeout) ? idle : time_up;
            } catch (const Error&) {
                result_ = refused;
            }
        });
    }
    bool ended() const { return result_ != none; }
    Result result() const { return result_; }
    std::thread::id thread() const { return thread_; }

  private:
    std::atomic<Result> result_ = none;
    std::atomic<std::thread::id> thread_;
};

// Counts how often a WaitOnLoop reads the clock.
class WatchedClock final : public util::Clock {
  public:
    explicit WatchedClock(const WaitOnLoop& wait) : wait_(wait) {}
    util::SteadyTime steady() const noexcept override {
        if (std::this_thread::get_id() == wait_.thread()) ++looks_;
        return clock_.steady();
    }
    util::SystemTime now() const noexcept override { return clock_.now(); }
    int looks() const { return looks_; }
    void advance(std::chrono::nanoseconds by) { clock_.advance(by); }

  private:
    const WaitOnLoop& wait_;
    test::ManualClock clock_;
    mutable std::atomic<int> looks_ = 0;
};

}  // namespace

TEST_CASE("coroutines run on the loop, share slots with callables, and report their outcome") {
    TaskPool pool(options(10));
    Record<OutcomeKind> outcomes;
    const auto submit = [&](AsyncTask task) {
        SubmitOptions set;
        set.on_done = [&](const Outcome& outcome) { outcomes.add(outcome.kind); };
        CHECK(pool.submit_async(std::move(task), std::move(set)) == Submitted::accepted);
        pool.wait();
    };
    submit(asio_timer);
    submit(pass_at_once);
    submit(fail);
    submit(throw_after_sleep);
    CHECK(outcomes.values() ==
          std::vector{OutcomeKind::ok, OutcomeKind::ok, OutcomeKind::failed, OutcomeKind::threw});
    Gate gate;
    pool.submit_async([&](TaskContext& context) { return pass(context, gate); });
    pool.submit([&] { gate.wait(); });
    CHECK(pool.running() == 2);
    CHECK(pool.free() == 8);
    gate.open();
    pool.wait();
    CHECK(pool.free() == 10);
}

TEST_CASE("coroutines wait for a slot without holding the loop, and get it in order") {
    asio::io_context loop(1);
    TaskPool pool(options(3), loop);
    std::atomic<int> ran = 0;
    Record<int> order;
    asio::co_spawn(loop, submit_all(pool, 300, ran, order), asio::detached);
    loop.run();
    CHECK(ran == 300);
    CHECK(pool.metrics().total(OutcomeKind::ok) == 300);
    const auto started = order.values();
    for (std::size_t i = 0; i < started.size(); ++i)
        REQUIRE(std::abs(started[i] - static_cast<int>(i)) < 6);
}

TEST_CASE("the loop has no work left when the pool has none") {
    asio::io_context loop(1);
    TaskPool pool(options(3), loop);
    pool.submit_async(pass_at_once);
    CHECK(loop.run() > 0);  // returns
    CHECK(pool.running() == 0);
}

TEST_CASE("the loop has work while a coroutine stands behind another of its key") {
    asio::io_context loop{1};
    TaskPool pool(options(2), loop);
    Gate gate;
    bool ran = false;
    SubmitOptions first, second;
    first.key = second.key = "k";
    pool.submit([&] { gate.wait(); }, std::move(first));
    pool.submit_async(
        [&](TaskContext&) -> asio::awaitable<TaskResult> {
            ran = true;
            co_return TaskResult::ok;
        },
        std::move(second));
    loop.poll();
    CHECK_FALSE(loop.stopped());
    gate.open();
    loop.restart();
    loop.run();
    CHECK(ran);
    pool.wait();
}

TEST_CASE("blocked threads and coroutines stand in one line") {
    Gate gate;
    Loop loop;
    TaskPool pool(options(1), loop.context());
    Record<int> order;
    pool.submit([&] { gate.wait(); });
    std::vector<std::thread> threads;
    for (int i = 0; i < 6; ++i) {
        if (i % 2)
            threads.emplace_back([&, i] { pool.submit([&order, i] { order.add(i); }); });
        else
            asio::co_spawn(loop.context(),
                           pool.async_submit_blocking([&order, i] { order.add(i); }),
                           [](std::exception_ptr error, Submitted submitted) {
                               CHECK_FALSE(error);
                               CHECK(submitted == Submitted::accepted);
                           });
        REQUIRE(eventually([&] { return pool.waiting() == static_cast<std::size_t>(i) + 1; }));
    }
    gate.open();
    for (auto& thread : threads)
        thread.join();
    CHECK(eventually([&] { return order.size() == 6; }));
    CHECK(order.values() == std::vector{0, 1, 2, 3, 4, 5});
    pool.wait();
}

TEST_CASE("async_submit from the pool's own coroutine is refused when the pool is full") {
    TaskPool pool(options(1));
    Record<Submitted> answers;
    pool.submit_async([&](TaskContext& context) { return submit_twice(context, pool, answers); });
    pool.wait();
    CHECK(answers.values() == std::vector{Submitted::overload});
    pool.resize(2);
    pool.submit_async([&](TaskContext& context) { return submit_twice(context, pool, answers); });
    pool.wait();
    CHECK(answers.values() == std::vector{Submitted::overload, Submitted::accepted});
}

TEST_CASE("a blocking submit on the loop's thread never holds the loop") {
    Gate gate;
    Loop loop;
    TaskPool pool(options(1), loop.context());
    pool.submit([&] { gate.wait(); });
    Record<Submitted> answers;
    asio::post(loop.context(), [&] { answers.add(pool.submit([] {})); });
    CHECK(eventually([&] { return answers.size() == 1; }));
    CHECK(answers.values() == std::vector{Submitted::overload});
    gate.open();
    pool.wait();
}

TEST_CASE("a waiting coroutine is cancelled by its token and by release") {
    Gate gate;
    Loop loop;
    TaskPool pool(options(1), loop.context());
    pool.submit([&] { gate.wait(); });
    std::stop_source stop;
    Record<Submitted> answers;
    SubmitOptions stoppable, plain;
    stoppable.stop_token = stop.get_token();
    asio::co_spawn(loop.context(), submit_one(pool, stoppable, answers), asio::detached);
    CHECK(eventually([&] { return pool.waiting() == 1; }));
    asio::co_spawn(loop.context(), submit_one(pool, plain, answers), asio::detached);
    CHECK(eventually([&] { return pool.waiting() == 2; }));
    stop.request_stop();
    CHECK(eventually([&] { return answers.size() == 1; }));
    pool.release();
    CHECK(eventually([&] { return answers.size() == 2; }));
    CHECK(answers.values() == std::vector{Submitted::cancelled, Submitted::closed});
    gate.open();
    pool.wait();
}

TEST_CASE("callables can be submitted from the loop") {
    Loop loop;
    TaskPool pool(options(2), loop.context());
    std::atomic<bool> on_thread = false;
    asio::co_spawn(loop.context(), submit_callable(pool, on_thread), asio::detached);
    CHECK(eventually([&] { return on_thread.load(); }));
    pool.wait();
}

TEST_CASE("captures of a lambda coroutine live as long as it runs") {
    TaskPool pool(options(2));
    auto held = std::make_shared<int>(5);
    std::atomic<int> seen = 0;
    pool.submit_async([held, &seen](TaskContext& context) -> awaitable<TaskResult> {
        co_await context.sleep_for(5ms);
        seen = *held;
        co_return TaskResult::ok;
    });
    pool.wait();
    CHECK(seen == 5);
    CHECK(held.use_count() == 1);
}

TEST_CASE("a loop that is destroyed frees the tasks that are still on it") {
    auto held = std::make_shared<int>(5);
    {
        asio::io_context loop(1);
        TaskPool pool(options(5), loop);
        for (int i = 0; i < 3; ++i)
            pool.submit_async([held](TaskContext& context) -> awaitable<TaskResult> {
                co_await context.sleep_for(1h);
                co_return TaskResult::ok;
            });
        pool.submit_async([held](TaskContext&) -> awaitable<TaskResult> {
            asio::steady_timer timer(co_await asio::this_coro::executor, 1h);
            co_await timer.async_wait(asio::deferred);
            co_return TaskResult::ok;
        });
        pool.submit_async(pass_at_once);
        loop.poll();
        pool.submit_async([held](TaskContext& context) { return pass_at_once(context); });
        CHECK(held.use_count() == 6);
    }
    CHECK(held.use_count() == 1);
}

TEST_CASE("thousands sleep at once in a few threads") {
    TaskPool pool(options(5000));
    std::atomic<int> woken = 0;
    for (int i = 0; i < 20000; ++i)
        pool.submit_async([&woken](TaskContext& context) -> awaitable<TaskResult> {
            co_await context.sleep_for(5ms);
            ++woken;
            co_return TaskResult::ok;
        });
    pool.wait();
    CHECK(woken == 20000);
    CHECK(pool.metrics().threads_live == 0);
    CHECK(pool.metrics().run.quantile(0) >= 4900us);
}

TEST_CASE("async_wait misses no end of a callable on another thread") {
    constexpr int count = 5000;
    Loop loop;
    TaskPool pool(options(1), loop.context());
    std::atomic<int> waits = 0;
    asio::co_spawn(loop.context(), wait_for_each(pool, waits, count), asio::detached);
    CHECK(eventually([&] { return waits == count; }));
    while (waits <
           count)  // so that a failed test ends: the end of a later task wakes the waiter, too
        pool.submit([] {});
}

TEST_CASE("the loop's thread cannot wait for coroutines that have no slot yet") {
    Gate gate;
    TaskPool pool(options(1));
    SubmitOptions first, second;
    first.key = second.key = "k";
    pool.submit([&] { gate.wait(); }, std::move(first));
    std::thread submitter;
    SUBCASE("queued behind their key") {
        pool.submit_async(pass_at_once, std::move(second));
    }
    SUBCASE("with a blocked submitter") {
        submitter = std::thread([&] { pool.submit_async(pass_at_once); });
        REQUIRE(eventually([&] { return pool.waiting() == 1; }));
    }
    WaitOnLoop wait;
    wait.start(pool, 0s);
    CHECK(eventually([&] { return wait.ended(); }));
    CHECK(wait.result() == WaitOnLoop::refused);
    gate.open();
    if (submitter.joinable()) submitter.join();
    pool.wait();
}

TEST_CASE("a wait on the loop's thread ends when a coroutine comes") {
    Gate gate;
    WaitOnLoop wait;
    WatchedClock clock(wait);
    auto set = options(2);
    set.clock = &clock;
    TaskPool pool(set);
    pool.submit([&] { gate.wait(); });
    wait.start(pool, 1h);
    // The wait reads the clock first for its deadline, then under the lock, which it frees only
    // to wait.
    REQUIRE(eventually([&] { return clock.looks() >= 2; }));
    pool.submit_async(pass_at_once);
    CHECK(eventually([&] { return wait.ended(); }));
    CHECK(wait.result() == WaitOnLoop::refused);
    clock.advance(1h);  // so that a failed test ends
    pool.clock_moved();
    gate.open();
    pool.wait();
}

TEST_CASE("the loop's thread can wait for callables") {
    TaskPool pool(options(2));
    std::atomic<int> ran = 0;
    SubmitOptions first, second;
    first.key = second.key = "k";
    pool.submit([&] { ++ran; }, std::move(first));
    pool.submit([&] { ++ran; }, std::move(second));
    WaitOnLoop wait;
    wait.start(pool, 20s);
    CHECK(eventually([&] { return wait.ended(); }));
    CHECK(wait.result() == WaitOnLoop::idle);
    CHECK(ran == 2);
}
