// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// The behaviour of boost::asio::detail on which the pool relies. A failure here means that Boost
// has changed, and that root_coroutine.hpp must follow.
#include "pool/root_coroutine.hpp"

#include <doctest/doctest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "pool/lane_executor.hpp"
#include "pool/suspend.hpp"

using namespace airy::pool;
namespace asio = boost::asio;
using asio::awaitable;

namespace {

// Stands for a pool: only its address matters.
const LaneHost* const pool_address = reinterpret_cast<const LaneHost*>(0x1000);

struct Seen {
    std::vector<std::thread::id> threads;
    bool pools_executor = false, childs_executor = false;
    bool cancellable = true;
    asio::cancellation_type cancelled = asio::cancellation_type::all;
    ResumeCoroutine resume;
    int caught = 0;
    bool ended = false;
};

awaitable<int> child(Seen& seen) {
    seen.childs_executor = runs_task_of(co_await asio::this_coro::executor, pool_address);
    auto suspended = suspend(seen.resume);
    co_await std::move(suspended);
    throw 7;
}

RootCoroutine root(Seen& seen, std::shared_ptr<int> held) {
    seen.threads.push_back(std::this_thread::get_id());
    seen.pools_executor = runs_task_of(co_await asio::this_coro::executor, pool_address);
    const auto state = co_await asio::this_coro::cancellation_state;
    seen.cancellable = state.slot().is_connected();
    seen.cancelled = state.cancelled();
    try {
        co_await child(seen);
    } catch (int thrown) {
        seen.caught = thrown;
    }
    seen.threads.push_back(std::this_thread::get_id());
    seen.ended = *held == 5;
}

}  // namespace

TEST_CASE("a root coroutine runs at once on the calling thread, with the executor it is given") {
    asio::io_context loop(1);
    Seen seen;
    auto held = std::make_shared<int>(5);
    start_root_coroutine(root(seen, held), lane_executor(loop, pool_address));
    CHECK(seen.threads == std::vector{std::this_thread::get_id()});
    CHECK(seen.pools_executor);
    CHECK(seen.childs_executor);
    CHECK_FALSE(seen.cancellable);
    CHECK(seen.cancelled == asio::cancellation_type::none);
    REQUIRE(seen.resume);
    CHECK(loop.poll() == 0);  // nothing was posted, and the loop has no work
    CHECK(loop.stopped());
    CHECK_FALSE(seen.ended);
    std::exchange(seen.resume, {})();
    CHECK(seen.caught == 7);
    CHECK(seen.ended);
    CHECK(held.use_count() == 1);
}

TEST_CASE("a root coroutine that is resumed by the loop goes on there") {
    asio::io_context loop(1);
    Seen seen;
    start_root_coroutine(root(seen, std::make_shared<int>(5)), lane_executor(loop, pool_address));
    asio::post(loop, [&] { std::exchange(seen.resume, {})(); });
    std::thread([&] { loop.run(); }).join();
    REQUIRE(seen.threads.size() == 2);
    CHECK(seen.threads[0] != seen.threads[1]);
    CHECK(seen.ended);
}

TEST_CASE("root coroutines start inside one another") {
    asio::io_context loop(1);
    Seen outer, inner;
    asio::post(loop, [&] {
        start_root_coroutine(root(outer, std::make_shared<int>(5)),
                             lane_executor(loop, pool_address));
        start_root_coroutine(root(inner, std::make_shared<int>(5)),
                             lane_executor(loop, pool_address));
        std::exchange(outer.resume, {})();
        std::exchange(inner.resume, {})();
    });
    loop.run();
    CHECK(outer.ended);
    CHECK(inner.ended);
}

TEST_CASE("a suspended root coroutine is destroyed by its loop when its resumption is dropped") {
    auto held = std::make_shared<int>(5);
    Seen seen;
    {
        asio::io_context loop(1);
        start_root_coroutine(root(seen, held), lane_executor(loop, pool_address));
        CHECK(held.use_count() == 2);
        seen.resume = {};
        SUBCASE("while the loop runs") {
            loop.poll();
            CHECK(held.use_count() == 1);
        }
        SUBCASE("while the loop is destroyed") {}
    }
    CHECK(held.use_count() == 1);
    CHECK_FALSE(seen.ended);
}
