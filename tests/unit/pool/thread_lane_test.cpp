// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// The threads alone: a host that has a slot for every task.
#include "pool/thread_lane.hpp"

#include <doctest/doctest.h>

#include <utility>

#include "support.hpp"

using namespace airy;
using namespace airy::pool;
using namespace airy::test;

namespace {

class Threads final : public LaneHost, Timekeeper::Host {
  public:
    explicit Threads(Options set = {}) : options(std::move(set)) {
        options.clock = &clock;
        options.on_failure = [](const TaskReport&) {};
        timekeeper.start();
        REQUIRE(eventually([&] { return looks == 1; }));
    }
    ~Threads() {
        {
            std::lock_guard guard(lock);
            closing_ = true;
            lane.for_each_ready([](Task& task) { delete &task; });
        }
        timekeeper.kick();
        timekeeper.join(timekeeper.number());
    }

    void push(ThreadTask call) {
        auto* task = new Task;
        task->work = std::move(call);
        task->submitted = clock.steady();
        Actions actions;
        {
            std::lock_guard guard(lock);
            lane.push(*task, actions);
        }
        perform(actions);
    }
    void advance(std::chrono::nanoseconds by) {
        clock.advance(by);
        timekeeper.kick();
    }
    // From here on the lane holds tasks to be shorter than a wake-up.
    void make_tasks_short() {
        std::lock_guard guard(lock);
        for (int i = 0; i < 100; ++i)
            lane.note_end(clock.steady(), 1ns);
    }
    void answer(Submitter& submitter, Submitted submitted) {
        Actions actions;
        std::lock_guard guard(lock);
        lane.answer(submitter, submitted, actions);
    }
    std::size_t live() {
        std::lock_guard guard(lock);
        return lane.live();
    }
    std::size_t parked() {
        std::lock_guard guard(lock);
        return lane.parked();
    }

    test::ManualClock clock;
    Options options;
    Lock lock;
    Timekeeper timekeeper{lock, clock, *this};
    ThreadLane lane{lock, options, timekeeper, *this};
    Record<OutcomeKind> outcomes;
    std::atomic<int> looks = 0, alarms = 0;

  private:
    void start(Task& task, util::SteadyTime now, Actions&) override { task.started = now; }
    Task* end(Task& task, OutcomeKind kind, util::SteadyTime now, Actions&) override {
        lane.note_end(now, now - task.started);
        outcomes.add(kind);
        return &task;
    }
    void perform(Actions& actions) override {
        lane.perform(actions);
        if (std::exchange(actions.kick, false)) timekeeper.kick();
    }
    bool idle() const noexcept override { return false; }
    bool winding_down() const noexcept override { return closing_; }
    std::shared_ptr<void> keep_alive() override { return nullptr; }

    void look(std::unique_lock<Lock>& held) override {
        Actions actions;
        ++looks;
        if (timekeeper.take_alarm()) {
            ++alarms;
            lane.check_stall(clock.steady(), actions);
        }
        lane.end_idle(clock.steady(), actions);
        actions.kick = false;
        held.unlock();
        perform(actions);
        held.lock();
        lane.join_ended(held);
    }
    bool over() const noexcept override { return closing_ && lane.live() == 0; }
    void timekeeper_runs(bool) noexcept override {}

    bool closing_ = false;
};

}  // namespace

TEST_CASE("a lane makes a thread for a task, parks it, and runs the next task on it") {
    Threads threads;
    CHECK(threads.live() == 0);
    Record<std::thread::id> ids;
    for (std::size_t i = 1; i <= 3; ++i) {
        threads.push([&](TaskContext&) {
            ids.add(std::this_thread::get_id());
            return TaskResult::ok;
        });
        REQUIRE(eventually([&] { return threads.outcomes.size() == i && threads.parked() == 1; }));
    }
    CHECK(threads.live() == 1);
    CHECK(ids.values()[0] == ids.values()[2]);
}

TEST_CASE("a lane settles a task by its result or its exception") {
    Threads threads;
    threads.push([](TaskContext&) { return TaskResult::failed; });
    REQUIRE(eventually([&] { return threads.outcomes.size() == 1; }));
    threads.push([](TaskContext&) -> TaskResult { throw 1; });
    REQUIRE(eventually([&] { return threads.outcomes.size() == 2; }));
    CHECK(threads.outcomes.values() == std::vector{OutcomeKind::failed, OutcomeKind::threw});
}

TEST_CASE("blocked tasks have a thread each; idle threads end after the expiry") {
    Options set;
    set.expiry = 10s;
    Threads threads(set);
    Gate gate;
    for (int i = 0; i < 5; ++i)
        threads.push([&](TaskContext&) {
            gate.wait();
            return TaskResult::ok;
        });
    CHECK(eventually([&] { return threads.live() == 5; }));
    gate.open();
    CHECK(eventually([&] { return threads.parked() == 5; }));
    threads.advance(10s - 1ns);
    CHECK(threads.live() == 5);
    threads.advance(1ns);
    CHECK(eventually([&] { return threads.live() == 0; }));
}

TEST_CASE("a thread that the system refuses is not counted, and is tried again") {
    Options set;
    set.stack_size = std::size_t{1} << 60;  // more than there is room for
    Threads threads(set);
    {
        std::lock_guard lock(threads.lock);
        threads.lane.expect_thread();
        CHECK(threads.lane.live() == 1);
    }
    CHECK_FALSE(threads.lane.create_thread());
    CHECK(threads.live() == 0);
    threads.push([](TaskContext&) { return TaskResult::ok; });
    CHECK(eventually([&] { return threads.alarms >= 3; }));
    CHECK(threads.outcomes.size() == 0);
}

TEST_CASE("a sleeping submitter is woken by its answer") {
    Threads threads;
    Submitter submitter;
    Record<Submitted> answers;
    std::thread waiter([&] { answers.add(threads.lane.wait_for_answer(submitter)); });
    REQUIRE(eventually([&] { return submitter.answer == Submitter::asleep; }));
    threads.answer(submitter, Submitted::accepted);
    waiter.join();
    CHECK(answers.values() == std::vector{Submitted::accepted});
}

TEST_CASE("while tasks are short, an accepted submitter sleeps on until the lane wakes all") {
    Threads threads;
    threads.make_tasks_short();
    Submitter accepted, refused;
    Record<Submitted> answers;
    std::thread waiter([&] { answers.add(threads.lane.wait_for_answer(accepted)); });
    std::thread other([&] { answers.add(threads.lane.wait_for_answer(refused)); });
    REQUIRE(eventually([&] {
        return accepted.answer == Submitter::asleep && refused.answer == Submitter::asleep;
    }));
    threads.answer(refused, Submitted::closed);
    other.join();
    CHECK(answers.values() == std::vector{Submitted::closed});
    // No kick: the timekeeper does not see the alarm, which would wake the submitter as well.
    threads.answer(accepted, Submitted::accepted);
    {
        std::lock_guard lock(threads.lock);
        CHECK(threads.lane.has_unwoken());
        CHECK(accepted.unwoken);
        threads.lane.wake_answered();
        CHECK_FALSE(threads.lane.has_unwoken());
    }
    waiter.join();
    CHECK(answers.values() == std::vector{Submitted::closed, Submitted::accepted});
}

TEST_CASE("tasks count as short by the mean of the last ones") {
    Pace pace;
    const util::SteadyTime now(1h);
    CHECK_FALSE(pace.short_tasks());
    for (int i = 0; i < 100; ++i)
        pace.note_end(now, 1us);
    CHECK(pace.short_tasks());
    CHECK(pace.stepped_before(now + 10us));
    CHECK_FALSE(pace.stepped_before(now + 30us));
    pace.note_start(now + 25us);
    CHECK(pace.stepped_before(now + 30us));
    pace.note_end(now, 1ms);
    CHECK_FALSE(pace.short_tasks());
    for (int i = 0; i < 100; ++i)
        pace.note_end(now, 1us);
    pace.expect_long_tasks();
    CHECK_FALSE(pace.short_tasks());
}
