// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// The coroutines alone: a host that has a slot for every task, on a loop that the test turns.
#include "pool/loop_lane.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <utility>

#include "support.hpp"

using namespace airy;
using namespace airy::pool;
using namespace airy::test;
namespace asio = boost::asio;

namespace {

class Coroutines final : public LaneHost, public std::enable_shared_from_this<Coroutines> {
  public:
    explicit Coroutines(asio::io_context& loop) : lane(lock, options, loop, *this) {}

    Task& push(AsyncTask call) {
        auto* task = new Task;
        task->lane = Lane::async;
        task->work = std::move(call);
        under_lock([&](Actions& actions) { lane.push(*task, actions); });
        return *task;
    }
    template <class F>
    void under_lock(F f) {
        Actions actions;
        {
            std::lock_guard guard(lock);
            f(actions);
        }
        perform(actions);
    }

    test::ManualClock clock;
    Options options = with_clock(clock);
    Lock lock;
    LoopLane lane;
    std::vector<OutcomeKind> outcomes;
    std::vector<const void*> runners;  // that ran the tasks
    std::size_t most_running = 0;

  private:
    static Options with_clock(test::ManualClock& clock) {
        Options options;
        options.clock = &clock;
        options.on_failure = [](const TaskReport&) {};
        return options;
    }
    void start(Task& task, util::SteadyTime now, Actions&) override {
        task.started = now;
        most_running = std::max(most_running, lane.running());
    }
    Task* end(Task& task, OutcomeKind kind, util::SteadyTime, Actions& actions) override {
        outcomes.push_back(kind);
        runners.push_back(task.runner);
        lane.note_end(task);
        if (idle()) lane.wake_idle_waiters(actions);
        return &task;
    }
    void perform(Actions& actions) override {
        if (std::exchange(actions.post, false)) lane.post_turn();
    }
    bool idle() const noexcept override { return lane.running() == 0; }
    bool winding_down() const noexcept override { return false; }
    std::shared_ptr<void> keep_alive() override { return shared_from_this(); }
};

std::shared_ptr<Coroutines> make(asio::io_context& loop) {
    return std::make_shared<Coroutines>(loop);
}

// Suspends until the test calls `resume`.
asio::awaitable<TaskResult> suspended_at(TaskContext&, ResumeCoroutine& resume) {
    auto suspended = suspend(resume);
    co_await std::move(suspended);
    co_return TaskResult::ok;
}

asio::awaitable<TaskResult> throw_at_once(TaskContext&) {
    throw 1;
    co_return TaskResult::ok;
}

}  // namespace

TEST_CASE("a lane runs its coroutines in the loop's next turn, and then needs the loop no more") {
    asio::io_context loop(1);
    auto coroutines = make(loop);
    coroutines->push(pass_at_once);
    coroutines->push(throw_at_once);
    CHECK(coroutines->outcomes.empty());
    loop.run();
    CHECK(coroutines->outcomes == std::vector{OutcomeKind::ok, OutcomeKind::threw});
    CHECK(coroutines->lane.running() == 0);
}

TEST_CASE("one runner runs tasks that follow each other; suspended ones have a runner each") {
    asio::io_context loop(1);
    auto coroutines = make(loop);
    std::array<ResumeCoroutine, 2> resumes;
    coroutines->push([&](TaskContext& context) { return suspended_at(context, resumes[0]); });
    loop.poll();
    coroutines->push(pass_at_once);
    loop.poll();
    coroutines->push(pass_at_once);
    loop.poll();
    REQUIRE(coroutines->runners.size() == 2);
    CHECK(coroutines->runners[0] == coroutines->runners[1]);
    CHECK_FALSE(loop.stopped());
    std::exchange(resumes[0], {})();
    REQUIRE(coroutines->runners.size() == 3);
    CHECK(coroutines->runners[2] != coroutines->runners[1]);
    CHECK(coroutines->most_running == 2);
    // As the pool does when it is destroyed: parked runners end in a last turn.
    coroutines->under_lock([&](Actions& actions) { coroutines->lane.want_turn(actions); });
    loop.run();
}

TEST_CASE("a turn starts at most 512 tasks, so that other work of the loop comes between") {
    asio::io_context loop(1);
    auto coroutines = make(loop);
    for (int i = 0; i < 1000; ++i)
        coroutines->push(pass_at_once);
    CHECK(loop.poll_one() == 1);
    CHECK(coroutines->outcomes.size() == 512);
    bool between = false;
    asio::post(loop, [&] { between = coroutines->outcomes.size() < 1100; });
    for (int i = 0; i < 300; ++i)
        coroutines->push(pass_at_once);
    loop.run();
    CHECK(between);
    CHECK(coroutines->outcomes.size() == 1300);
}

TEST_CASE("a sleep ends by the clock, or before when the task is asked to stop") {
    asio::io_context loop(1);
    auto coroutines = make(loop);
    ResumeCoroutine resume;
    Task& task =
        coroutines->push([&](TaskContext& context) { return suspended_at(context, resume); });
    loop.poll();
    std::optional<bool> slept;
    const auto sleep = [&] {
        slept.reset();
        coroutines->lane.sleep(task, 2h, [&](bool in_full) { slept = in_full; });
    };
    sleep();
    coroutines->clock.advance(1h);
    coroutines->lane.post_sweep();
    loop.poll();
    CHECK_FALSE(slept);
    coroutines->clock.advance(1h);
    coroutines->lane.post_sweep();
    loop.poll();
    CHECK(slept == true);
    sleep();
    task.stop_requested = true;
    coroutines->under_lock([&](Actions& actions) { coroutines->lane.request_stop(task, actions); });
    loop.poll();
    CHECK(slept == false);
    sleep();  // after the request no sleep lasts
    coroutines->lane.post_sweep();
    loop.poll();
    CHECK(slept == false);
    std::exchange(resume, {})();
    CHECK(coroutines->outcomes == std::vector{OutcomeKind::ok});
}

TEST_CASE("an answered submitter and a waiter for idleness are resumed in a turn") {
    asio::io_context loop(1);
    auto coroutines = make(loop);
    Submitter submitter;
    submitter.coroutine = true;
    IdleWaiter waiter;
    bool answered = false, idle = false;
    submitter.resume = [&] { answered = true; };
    waiter.resume = [&] { idle = true; };
    coroutines->push(pass_at_once);
    coroutines->under_lock([&](Actions&) {
        coroutines->lane.note_submitter();
        coroutines->lane.wait_for_idle(waiter);
    });
    loop.poll();
    CHECK(idle);
    CHECK_FALSE(answered);
    CHECK_FALSE(loop.stopped());
    coroutines->under_lock(
        [&](Actions& actions) { coroutines->lane.answer(submitter, Submitted::closed, actions); });
    CHECK_FALSE(answered);
    loop.run();
    CHECK(answered);
    CHECK(submitter.answer == static_cast<std::uint32_t>(Submitted::closed));
}

TEST_CASE("a queued coroutine keeps the loop at work until it is queued no longer") {
    asio::io_context loop(1);
    auto coroutines = make(loop);
    coroutines->under_lock([&](Actions&) { coroutines->lane.note_queued(); });
    loop.poll();
    CHECK_FALSE(loop.stopped());
    coroutines->under_lock([&](Actions&) {
        coroutines->lane.note_unqueued();
        coroutines->lane.let_loop_go();
    });
    loop.poll();
    CHECK(loop.stopped());
}

TEST_CASE("a loop that is destroyed frees the lane with its tasks, started or not") {
    auto held = std::make_shared<int>(5);
    std::weak_ptr<Coroutines> lane;
    {
        asio::io_context loop(1);
        auto coroutines = make(loop);
        lane = coroutines;
        Task& task = coroutines->push([held](TaskContext& context) -> asio::awaitable<TaskResult> {
            asio::steady_timer timer(co_await asio::this_coro::executor, 1h);
            co_await timer.async_wait(asio::deferred);
            co_return context.id() == 0 ? TaskResult::ok : TaskResult::failed;
        });
        loop.poll();
        coroutines->lane.sleep(task, 1h, [held](bool) {});
        coroutines->push([held](TaskContext& context) { return pass_at_once(context); });
        CHECK(held.use_count() == 4);
        coroutines.reset();
        CHECK_FALSE(lane.expired());
    }
    CHECK(lane.expired());
    CHECK(held.use_count() == 1);
}
