// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// A whole pool: resize, wait, release, reboot.
#include <doctest/doctest.h>

#include <array>
#include <atomic>
#include <filesystem>
#include <optional>
#include <thread>

#include "support.hpp"
#include "util/error.hpp"

using namespace airy;
using namespace airy::pool;
using namespace airy::test;
using boost::asio::awaitable;

namespace {

std::ptrdiff_t threads_of_process() {
    const std::filesystem::directory_iterator tasks("/proc/self/task");
    return std::distance(begin(tasks), end(tasks));
}

}  // namespace

TEST_CASE(
    "a pool that grows starts waiting tasks at once; one that shrinks starts none above its size") {
    Gate first, second;
    std::atomic<int> together = 0;
    TaskPool pool(options(2));
    std::vector<std::thread> submitters;
    for (int i = 0; i < 6; ++i)
        submitters.emplace_back([&] {
            pool.submit([&] {
                ++together;
                first.wait();
            });
        });
    CHECK(eventually([&] { return together == 2 && pool.waiting() == 4; }));
    pool.resize(5);
    CHECK(eventually([&] { return together == 5; }));
    CHECK(pool.waiting() == 1);
    CHECK(pool.cap() == 5);
    pool.resize(1);
    CHECK(pool.running() == 5);
    CHECK(pool.free() == 0);
    CHECK(pool.waiting() == 1);
    first.open();
    for (auto& submitter : submitters)
        submitter.join();
    pool.wait();
    std::atomic<int> now = 0, most = 0;
    for (int i = 0; i < 50; ++i)
        pool.submit([&] {
            most = std::max<int>(most, ++now);
            --now;
        });
    pool.wait();
    CHECK(most == 1);
    CHECK_THROWS_AS(pool.resize(0), Error);
}

TEST_CASE("wait with a timeout returns whether all tasks have ended") {
    Gate gate;
    TaskPool pool(options(2));
    CHECK(pool.wait(0s));
    pool.submit([&] { gate.wait(); });
    CHECK_FALSE(pool.wait(1ms));
    gate.open();
    CHECK(pool.wait(20s));
}

TEST_CASE("a task of the pool cannot wait for the pool") {
    TaskPool pool(options(2));
    std::atomic<bool> refused = false;
    pool.submit([&] {
        try {
            pool.wait();
        } catch (const Error&) {
            refused = true;
        }
    });
    pool.wait();
    CHECK(refused);
}

TEST_CASE("release refuses new tasks and asks running ones to stop; after wait no thread is left") {
    const auto before = threads_of_process();
    Loop loop;
    std::optional<TaskPool> pool(std::in_place, options(4), loop.context());
    std::array<Gate, 2> gates;
    std::atomic<int> stopped = 0, started = 0;
    for (auto& gate : gates)
        pool->submit([&](TaskContext& context) {
            ++started;
            const std::stop_callback on_stop(context.stop_token(), [&] {
                ++stopped;
                gate.open();
            });
            gate.wait();
        });
    pool->submit_async([&](TaskContext& context) -> awaitable<TaskResult> {
        ++started;
        const bool undisturbed = co_await context.sleep_for(1h);
        if (!undisturbed) ++stopped;
        co_return TaskResult::cancelled;
    });
    REQUIRE(eventually([&] { return started == 3; }));
    pool->release();
    CHECK(pool->released());
    CHECK(pool->submit([] {}) == Submitted::closed);
    CHECK(pool->submit_async(pass_at_once) == Submitted::closed);
    pool->wait();
    CHECK(stopped == 3);
    CHECK(pool->running() == 0);
    CHECK(pool->metrics().threads_live == 0);
    CHECK(threads_of_process() == before + 1);  // the loop's thread
    pool->release();
    CHECK(pool->release(1s) == 0);
}

TEST_CASE("release refuses waiting submitters, and rejects tasks that are queued behind a key") {
    Gate gate;
    TaskPool pool(options(1));
    SubmitOptions first, second;
    first.key = second.key = "k";
    Record<OutcomeKind> outcomes;
    second.on_done = [&](const Outcome& outcome) { outcomes.add(outcome.kind); };
    pool.submit([&] { gate.wait(); }, std::move(first));
    CHECK(pool.submit([] {}, std::move(second)) == Submitted::accepted);
    Record<Submitted> answers;
    std::thread waiter([&] { answers.add(pool.submit([] {})); });
    CHECK(eventually([&] { return pool.waiting() == 1; }));
    pool.release();
    waiter.join();
    CHECK(answers.values() == std::vector{Submitted::closed});
    CHECK(outcomes.values() == std::vector{OutcomeKind::rejected});
    gate.open();
    pool.wait();
    const auto metrics = pool.metrics();
    CHECK(metrics.total(OutcomeKind::rejected) == 2);
    CHECK(metrics.total(OutcomeKind::ok) == 1);
}

TEST_CASE("release with a timeout lets accepted tasks finish, queued ones too") {
    TaskPool pool(options(2));
    std::atomic<int> done = 0;
    Gate gate;
    for (int i = 0; i < 5; ++i) {
        SubmitOptions set;
        set.key = "k";
        pool.submit(
            [&] {
                gate.wait();
                ++done;
            },
            std::move(set));
    }
    std::thread opener([&] {
        eventually([&] { return pool.released(); });
        gate.open();
    });
    CHECK(pool.release(20s) == 0);
    opener.join();
    CHECK(done == 5);
}

TEST_CASE("release with a timeout then asks tasks to stop, and counts the tasks that did not end") {
    Gate gate;
    auto set = options(4);
    set.stop_grace = 20ms;
    TaskPool pool(set);
    std::atomic<bool> asked = false;
    pool.submit([&](TaskContext& context) {
        const std::stop_callback on_stop(context.stop_token(), [&] { asked = true; });
        gate.wait();
    });
    pool.submit([&] { gate.wait(); });
    CHECK(pool.release(5ms) == 2);
    CHECK(asked);
    CHECK_THROWS_AS(pool.reboot(), Error);
    gate.open();
    pool.wait();
    CHECK(pool.running() == 0);
    pool.reboot();
    CHECK(pool.submit([] {}) == Submitted::accepted);
    pool.wait();
}

TEST_CASE("a pool reboots after each completed release") {
    TaskPool pool(options(3));
    CHECK_THROWS_AS(pool.reboot(), Error);
    for (int i = 0; i < 20; ++i) {
        std::atomic<int> ran = 0;
        CHECK(pool.submit([&] { ++ran; }) == Submitted::accepted);
        CHECK(pool.submit_async([&](TaskContext& context) {
            ++ran;
            return pass_at_once(context);
        }) == Submitted::accepted);
        pool.wait();
        REQUIRE(ran == 2);
        pool.release();
        REQUIRE(pool.submit([] {}) == Submitted::closed);
        pool.reboot();
    }
    CHECK_FALSE(pool.released());
}

TEST_CASE("a pool that is destroyed asks its running tasks to stop and waits for them") {
    std::atomic<bool> ended = false, started = false;
    {
        TaskPool pool(options(2));
        pool.submit([&](TaskContext& context) {
            Gate gate;
            const std::stop_callback on_stop(context.stop_token(), [&] { gate.open(); });
            started = true;
            gate.wait();
            ended = true;
        });
        REQUIRE(eventually([&] { return started.load(); }));
    }
    CHECK(ended);
}

TEST_CASE("coroutines outlive their pool on a loop that goes on") {
    Loop loop;
    std::atomic<bool> ended = false, started = false;
    {
        TaskPool pool(options(2), loop.context());
        pool.submit_async([&](TaskContext& context) -> awaitable<TaskResult> {
            started = true;
            co_await context.sleep_for(1h);
            const bool again = co_await context.sleep_for(1h);
            ended = !again;
            co_return TaskResult::ok;
        });
        REQUIRE(eventually([&] { return started.load(); }));
    }
    CHECK(eventually([&] { return ended.load(); }));
}

TEST_CASE("of two threads that reboot a pool, one is refused") {
    test::ManualClock clock;
    auto set = options(1);
    set.clock = &clock;
    set.task_timeout = 30s;
    TaskPool pool(set);
    Gate started, end, asked, held;
    std::stop_token token;
    pool.submit([&](TaskContext& context) {
        token = context.stop_token();
        started.open();
        end.wait();
    });
    started.wait();
    // Both threads come to wait for the timekeeper's end, since this callback holds it up.
    const std::stop_callback on_stop(token, [&] {
        asked.open();
        held.wait();
    });
    clock.advance(30s);
    pool.clock_moved();
    asked.wait();
    end.open();
    REQUIRE(eventually([&] { return pool.running() == 0; }));
    pool.release();
    std::atomic<int> refused = 0;
    std::array<std::thread, 2> threads;
    for (auto& thread : threads)
        thread = std::thread([&] {
            try {
                pool.reboot();
            } catch (const Error&) {
                ++refused;
            }
        });
    CHECK(eventually([&] { return refused == 1; }));
    held.open();
    for (auto& thread : threads)
        thread.join();
    CHECK(refused == 1);
    CHECK(pool.submit([] {}) == Submitted::accepted);
    pool.wait();
}

TEST_CASE("threads may release and reboot a pool at the same time") {
    constexpr int count = 1000;
    auto set = options(2);
    SUBCASE("threads on demand") {}
    SUBCASE("threads made at the start") {
        set.prealloc = true;
    }
    TaskPool pool(set);
    std::atomic<bool> over = false;
    std::atomic<int> releases = 0;
    std::array<std::thread, 2> rebooting;
    for (auto& thread : rebooting)
        thread = std::thread([&] {
            while (!over)
                try {
                    pool.reboot();
                    pool.submit([] {});
                } catch (const Error&) {
                }
        });
    std::thread releasing([&] {
        for (; releases < count; ++releases)
            pool.release(20s);
    });
    CHECK(eventually([&] { return releases == count; }));
    over = true;
    for (auto& thread : rebooting)
        thread.join();
    pool.release();  // so that a failed test ends
    releasing.join();
    pool.wait();
    CHECK(pool.metrics().threads_live == 0);
}
