// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// The thread that watches the time, with a host that does nothing.
#include "pool/timekeeper.hpp"

#include <doctest/doctest.h>

#include "support.hpp"

using namespace airy;
using namespace airy::pool;
using namespace airy::test;

namespace {

// Counts the looks and names the next time once.
class CountingHost final : public Timekeeper::Host {
  public:
    CountingHost() { timekeeper.start(); }
    ~CountingHost() { end(); }

    void end() {
        over_ = true;
        timekeeper.kick();
        timekeeper.join(timekeeper.number());
    }
    void reopen() {
        over_ = false;
        timekeeper.start();
    }
    void check_by(util::SteadyTime at) {
        Actions actions;
        {
            std::lock_guard guard(lock);
            timekeeper.check_by(at, actions);
        }
        if (actions.kick) timekeeper.kick();
    }
    bool runs() {
        std::lock_guard guard(lock);
        return runs_;
    }

    test::ManualClock clock;
    Lock lock;
    Timekeeper timekeeper{lock, clock, *this};
    std::atomic<int> looks = 0;
    std::atomic<int> alarms = 0;
    std::atomic<bool> due = false;  // a look came at or after 10 s

  private:
    void look(std::unique_lock<Lock>& held) override {
        CHECK(held.owns_lock());
        if (clock.steady() >= start_ + 10s) due = true;
        if (timekeeper.take_alarm()) ++alarms;
        ++looks;
    }
    bool over() const noexcept override { return over_; }
    void timekeeper_runs(bool runs) noexcept override { runs_ = runs; }

    const util::SteadyTime start_ = clock.steady();
    std::atomic<bool> over_ = false;
    bool runs_ = false;
};

}  // namespace

TEST_CASE("the timekeeper looks when it starts, at each kick, and when it is over") {
    CountingHost host;
    CHECK(eventually([&] { return host.looks == 1; }));
    CHECK(host.runs());
    host.timekeeper.kick();
    CHECK(eventually([&] { return host.looks == 2; }));
    host.end();
    CHECK(host.looks == 3);
    CHECK_FALSE(host.runs());
    CHECK_FALSE(host.timekeeper.running());
}

TEST_CASE("the timekeeper looks at a time that was named, by the pool's clock") {
    CountingHost host;
    CHECK(eventually([&] { return host.looks == 1; }));
    host.check_by(host.clock.steady() + 10s);
    CHECK(eventually([&] { return host.looks == 2; }));
    CHECK_FALSE(host.due);
    host.clock.advance(10s);
    host.timekeeper.kick();
    CHECK(eventually([&] { return host.due.load(); }));
}

TEST_CASE("a time that is past is looked at at once") {
    CountingHost host;
    host.clock.advance(10s);
    host.check_by(host.clock.steady() - 1s);
    CHECK(eventually([&] { return host.due.load(); }));
}

TEST_CASE("an alarm goes off once, by the real time, and only one is set") {
    CountingHost host;
    Actions actions;
    {
        std::lock_guard lock(host.lock);
        CHECK(host.timekeeper.set_alarm(1ms, actions));
        CHECK_FALSE(host.timekeeper.set_alarm(1ms, actions));
    }
    CHECK(actions.kick);
    host.timekeeper.kick();
    CHECK(eventually([&] { return host.alarms == 1; }));
    std::lock_guard lock(host.lock);
    CHECK_FALSE(host.timekeeper.take_alarm());
    CHECK(host.timekeeper.set_alarm(1h, actions));
    CHECK_FALSE(host.timekeeper.take_alarm());
}

TEST_CASE("a timekeeper that was joined starts again, and a late join leaves the new one alone") {
    CountingHost host;
    const auto first = host.timekeeper.number();
    host.end();
    host.reopen();
    CHECK(host.timekeeper.number() == first + 1);
    host.timekeeper.join(first);
    CHECK(host.runs());
    CHECK(eventually([&] { return host.looks >= 2; }));
}
