// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// Submissions to a whole pool: waiting and refusal, order, nesting, priorities, keys.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "support.hpp"

using namespace airy;
using namespace airy::pool;
using namespace airy::test;

namespace {

// Threads that submit and wait. add() returns when the new thread stands in line.
class Submitters {
  public:
    explicit Submitters(TaskPool& pool) : pool_(pool) {}
    ~Submitters() {
        for (auto& thread : threads_)
            thread.join();
    }
    template <class Task>
    void add(Task task, SubmitOptions options = {}) {
        const auto before = pool_.waiting();
        threads_.emplace_back(
            [this, task = std::move(task), options = std::move(options)]() mutable {
                answers_.add(pool_.submit(std::move(task), std::move(options)));
            });
        REQUIRE(eventually([&] { return pool_.waiting() == before + 1; }));
    }
    std::vector<Submitted> answers() const { return answers_.values(); }

  private:
    TaskPool& pool_;
    Record<Submitted> answers_;
    std::vector<std::thread> threads_;
};

SubmitOptions with_key(std::string key) {
    SubmitOptions options;
    options.key = std::move(key);
    return options;
}

SubmitOptions with_priority(Priority priority) {
    SubmitOptions options;
    options.priority = priority;
    return options;
}

}  // namespace

TEST_CASE("a blocked submitter waits for a slot, first come first served") {
    Gate gate;
    Record<int> order;
    TaskPool pool(options(1));
    pool.submit([&] { gate.wait(); });
    {
        Submitters submitters(pool);
        for (int i = 0; i < 6; ++i)
            submitters.add([&order, i] { order.add(i); });
        CHECK(pool.running() == 1);
        CHECK(pool.waiting() == 6);
        CHECK(order.size() == 0);
        gate.open();
    }
    pool.wait();
    CHECK(order.values() == std::vector<int>{0, 1, 2, 3, 4, 5});
    CHECK(pool.waiting() == 0);
}

TEST_CASE("a nonblocking pool refuses a submission when it is full, and counts it as rejected") {
    Gate gate;
    auto set = options(2);
    set.nonblocking = true;
    TaskPool pool(set);
    CHECK(pool.submit([&] { gate.wait(); }) == Submitted::accepted);
    CHECK(pool.submit([&] { gate.wait(); }) == Submitted::accepted);
    std::atomic<int> done = 0;
    SubmitOptions third;
    third.on_done = [&](const Outcome&) { ++done; };
    CHECK(pool.submit([] {}, std::move(third)) == Submitted::overload);
    CHECK(pool.metrics().total(OutcomeKind::rejected) == 1);
    gate.open();
    pool.wait();
    CHECK(done == 0);
    const auto metrics = pool.metrics();
    CHECK(metrics.submitted == 3);
    CHECK(metrics.total(OutcomeKind::ok) == 2);
}

TEST_CASE("no more than max_blocking submitters wait") {
    Gate gate;
    auto set = options(1);
    set.max_blocking = 2;
    TaskPool pool(set);
    pool.submit([&] { gate.wait(); });
    {
        Submitters submitters(pool);
        submitters.add([] {});
        submitters.add([] {});
        CHECK(pool.submit([] {}) == Submitted::overload);
        CHECK(pool.waiting() == 2);
        gate.open();
    }
    pool.wait();
    CHECK(pool.metrics().total(OutcomeKind::ok) == 3);
}

TEST_CASE("a blocked submit ends at its deadline") {
    Gate gate;
    test::ManualClock clock;
    auto set = options(1);
    set.clock = &clock;
    TaskPool pool(set);
    pool.submit([&] { gate.wait(); });
    std::atomic<bool> ran = false;
    std::optional<Submitters> submitters(pool);
    SubmitOptions until;
    until.deadline = clock.steady() + 5s;
    submitters->add([&] { ran = true; }, std::move(until));
    clock.advance(4s);
    pool.clock_moved();
    CHECK(pool.waiting() == 1);
    clock.advance(1s);
    pool.clock_moved();
    CHECK(eventually([&] { return submitters->answers().size() == 1; }));
    CHECK(submitters->answers() == std::vector{Submitted::deadline});
    CHECK(pool.waiting() == 0);
    SubmitOptions past;
    past.deadline = clock.steady();
    CHECK(pool.submit([&] { ran = true; }, std::move(past)) == Submitted::deadline);
    gate.open();
    pool.wait();
    CHECK_FALSE(ran);
}

TEST_CASE("a blocked submit can be cancelled by its stop token") {
    Gate gate;
    TaskPool pool(options(1));
    pool.submit([&] { gate.wait(); });
    std::stop_source stop;
    std::atomic<bool> ran = false;
    std::optional<Submitters> submitters(pool);
    SubmitOptions stoppable;
    stoppable.stop_token = stop.get_token();
    submitters->add([&] { ran = true; }, std::move(stoppable));
    stop.request_stop();
    CHECK(eventually([&] { return submitters->answers().size() == 1; }));
    CHECK(submitters->answers() == std::vector{Submitted::cancelled});
    SubmitOptions stopped;
    stopped.stop_token = stop.get_token();
    CHECK(pool.submit([&] { ran = true; }, std::move(stopped)) == Submitted::cancelled);
    gate.open();
    pool.wait();
    CHECK_FALSE(ran);
    CHECK(pool.metrics().total(OutcomeKind::rejected) == 2);
}

TEST_CASE("a submission from the pool's own task is refused when it would deadlock") {
    TaskPool pool(options(1));
    Record<Submitted> answers;
    pool.submit([&] {
        answers.add(pool.submit([] {}));
        answers.add(pool.submit_async([](TaskContext& context) { return pass_at_once(context); }));
    });
    pool.wait();
    CHECK(answers.values() == std::vector{Submitted::overload, Submitted::overload});
}

TEST_CASE("a submission from the pool's own task is accepted while a slot is free") {
    TaskPool pool(options(2));
    std::atomic<int> ran = 0;
    Record<Submitted> answers;
    Gate inner;
    pool.submit([&] {
        answers.add(pool.submit([&] {
            ++ran;
            inner.wait();
        }));
        answers.add(pool.submit([&] { ++ran; }));
        inner.open();
    });
    pool.wait();
    CHECK(answers.values() == std::vector{Submitted::accepted, Submitted::overload});
    CHECK(ran == 1);
}

TEST_CASE("of seven waiting tasks, four of high, two of normal and one of low priority start") {
    Gate gate;
    Record<Priority> order;
    TaskPool pool(options(1));
    pool.submit([&] { gate.wait(); });
    {
        Submitters submitters(pool);
        for (int i = 0; i < 8; ++i)
            for (const auto priority : {Priority::low, Priority::normal, Priority::high})
                submitters.add([&order, priority] { order.add(priority); },
                               with_priority(priority));
        gate.open();
    }
    pool.wait();
    const auto started = order.values();
    REQUIRE(started.size() == 24);
    const auto among = [&](int first, Priority priority) {
        return std::count(started.begin(), started.begin() + first, priority);
    };
    CHECK(among(7, Priority::high) == 4);
    CHECK(among(7, Priority::normal) == 2);
    CHECK(among(7, Priority::low) == 1);
    CHECK(among(14, Priority::low) == 2);
}

TEST_CASE("tasks of one key run one after another, in order, without a slot while they queue") {
    Gate gate;
    Record<int> order;
    std::atomic<int> together = 0, most = 0;
    TaskPool pool(options(4));
    const auto task = [&](int i) {
        return [&, i] {
            most = std::max<int>(most, ++together);
            if (i == 0) gate.wait();
            order.add(i);
            --together;
        };
    };
    for (int i = 0; i < 50; ++i)
        CHECK(pool.submit(task(i), with_key("user.7")) == Submitted::accepted);
    CHECK(pool.running() == 1);
    CHECK(pool.metrics().queued == 49);
    std::atomic<bool> other = false;
    pool.submit([&] { other = true; }, with_key("user.8"));
    CHECK(eventually([&] { return other.load(); }));
    gate.open();
    pool.wait();
    std::vector<int> expected(50);
    for (int i = 0; i < 50; ++i)
        expected[static_cast<std::size_t>(i)] = i;
    CHECK(order.values() == expected);
    CHECK(most == 1);
    CHECK(pool.metrics().queued == 0);
}

TEST_CASE("a key orders tasks across both lanes, and a failed task frees its key") {
    Record<int> order;
    Gate gate;
    TaskPool pool(options(3));
    pool.submit(
        [&] {
            gate.wait();
            order.add(0);
            throw 1;
        },
        with_key("k"));
    auto coroutine = [&order](TaskContext& context) -> boost::asio::awaitable<TaskResult> {
        co_await context.sleep_for(2ms);
        order.add(1);
        co_return TaskResult::failed;
    };
    pool.submit_async(coroutine, with_key("k"));
    pool.submit([&] { order.add(2); }, with_key("k"));
    gate.open();
    pool.wait();
    CHECK(order.values() == std::vector{0, 1, 2});
}

TEST_CASE("max_keyed bounds the tasks behind their key") {
    Gate gate;
    auto set = options(4);
    set.max_keyed = 2;
    set.nonblocking = true;
    TaskPool pool(set);
    pool.submit([&] { gate.wait(); }, with_key("k"));
    CHECK(pool.submit([] {}, with_key("k")) == Submitted::accepted);
    CHECK(pool.submit([] {}, with_key("k")) == Submitted::accepted);
    CHECK(pool.submit([] {}, with_key("k")) == Submitted::overload);
    CHECK(pool.submit([] {}, with_key("free")) == Submitted::accepted);
    gate.open();
    pool.wait();
    CHECK(pool.metrics().total(OutcomeKind::ok) == 4);
}

TEST_CASE("a task queued behind its key is cancelled by its token, once, and not run") {
    Gate gate;
    TaskPool pool(options(4));
    pool.submit([&] { gate.wait(); }, with_key("k"));
    std::stop_source stop;
    Record<OutcomeKind> outcomes;
    bool ran = false;
    auto set = with_key("k");
    set.stop_token = stop.get_token();
    set.on_done = [&](const Outcome& outcome) { outcomes.add(outcome.kind); };
    CHECK(pool.submit([&] { ran = true; }, std::move(set)) == Submitted::accepted);
    stop.request_stop();
    CHECK(outcomes.values() == std::vector{OutcomeKind::cancelled});
    gate.open();
    pool.wait();
    CHECK_FALSE(ran);
    CHECK(outcomes.size() == 1);
    CHECK(pool.metrics().total(OutcomeKind::cancelled) == 1);
}

TEST_CASE("a submitter that waits for room behind a key is accepted when there is room, in order") {
    auto set = options(1);
    set.max_keyed = 1;
    TaskPool pool(set);
    std::array<Gate, 3> gates;
    Record<int> order;
    const auto task = [&](std::size_t i) {
        return [&, i] {
            gates[i].wait();
            order.add(static_cast<int>(i));
        };
    };
    CHECK(pool.submit(task(0), with_key("k")) == Submitted::accepted);
    CHECK(pool.submit(task(1), with_key("k")) == Submitted::accepted);
    std::stop_source stop;
    auto last = with_key("k"), later = with_key("k");
    last.stop_token = stop.get_token();
    later.deadline = util::steady_now();
    {
        Submitters submitters(pool);
        submitters.add(task(2), with_key("k"));
        submitters.add([&] { order.add(3); }, std::move(last));
        gates[0].open();  // task 1 runs, which makes room for task 2
        CHECK(eventually([&] { return submitters.answers().size() == 1; }));
        CHECK(pool.metrics().queued == 1);
        CHECK(pool.waiting() == 1);
        CHECK(pool.submit([] {}, std::move(later)) == Submitted::deadline);
        stop.request_stop();
        CHECK(eventually([&] { return submitters.answers().size() == 2; }));
        CHECK(submitters.answers() == std::vector{Submitted::accepted, Submitted::cancelled});
        gates[1].open();
        gates[2].open();
    }
    pool.wait();
    CHECK(order.values() == std::vector{0, 1, 2});
    CHECK(pool.metrics().queued == 0);
}

TEST_CASE("a submitter that waits for room behind a key gets that of a cancelled or started task") {
    auto set = options(2);
    set.max_keyed = 1;
    TaskPool pool(set);
    Gate one, two, third;
    std::stop_source stop;
    auto queued = with_key("one");
    queued.stop_token = stop.get_token();
    pool.submit([&] { one.wait(); }, with_key("one"));
    pool.submit([&] { two.wait(); }, with_key("two"));
    CHECK(pool.submit([] {}, std::move(queued)) == Submitted::accepted);
    {
        Submitters submitters(pool);
        submitters.add([&] { third.wait(); }, with_key("two"));
        SUBCASE("room") {
            stop.request_stop();
        }
        SUBCASE("a slot") {
            two.open();
        }
        CHECK(eventually([&] { return submitters.answers().size() == 1; }));
        CHECK(submitters.answers() == std::vector{Submitted::accepted});
        CHECK(pool.metrics().queued == 1);
        CHECK(pool.waiting() == 0);
        two.open();
    }
    third.open();
    one.open();
    pool.wait();
    CHECK(pool.metrics().queued == 0);
    CHECK(pool.metrics().total(OutcomeKind::rejected) == 0);
}
