// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/intake.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/support/manual_clock.hpp"

namespace airy::work {
namespace {

using namespace std::chrono_literals;
using Bodies = std::vector<std::string>;

constexpr Decision success{Action::ack, {}, false};
constexpr Decision failure{Action::dead_letter, {}, true};
constexpr Decision undecided{Action::give_back, {}, false};

struct IntakeBench {
    explicit IntakeBench(const IntakeOptions& options = {}) : intake(options, in_flight, clock) {}

    void add(const std::string& body, std::optional<std::string> id = {}, std::uint64_t part = 1) {
        add(body, std::move(id), part, 0);
    }
    void add_failed(const std::string& body) { add(body, {}, 1, 1); }

    void add(const std::string& body, std::optional<std::string> id, std::uint64_t part,
             unsigned attempts) {
        mq::Delivered delivered;
        delivered.attempts = attempts;
        delivered.message.body = body;
        delivered.message.properties.message_id = std::move(id);
        delivered.handle = {part, ++number};
        in_flight.taken(delivered.handle);
        intake.add(std::move(delivered));
    }

    test::ManualClock clock;
    InFlight in_flight;
    Intake intake;
    std::uint64_t number = 0;
};

Bodies bodies(const std::vector<mq::Delivered>& deliveries) {
    Bodies all;
    for (const auto& delivered : deliveries)
        all.push_back(delivered.message.body);
    return all;
}

}  // namespace

TEST_CASE("messages leave in the order in which they came, with the times") {
    IntakeBench bench;
    bench.add("a");
    bench.clock.advance(1s);
    bench.add("b");
    bench.add("c");
    CHECK(bench.intake.waiting() == 3);
    CHECK(bench.intake.arrivals() == 3);
    const auto batch = bench.intake.next(2);
    CHECK(bodies(batch.deliveries) == Bodies{"a", "b"});
    CHECK(batch.since[1] - batch.since[0] == 1s);
    REQUIRE(batch.results.size() == 2);
    CHECK(batch.results[0].verdict == Verdict::not_handled);
    CHECK(bench.intake.waiting() == 1);
    CHECK(bodies(bench.intake.next(9).deliveries) == Bodies{"c"});
    CHECK(bench.intake.empty());
    CHECK(bench.intake.next(9).deliveries.empty());
}

TEST_CASE("what is put off waits on, before all others") {
    IntakeBench bench;
    for (const char* body : {"a", "b", "c"})
        bench.add(body);
    auto batch = bench.intake.next(2);
    bench.intake.put_first(batch);
    CHECK(batch.deliveries.empty());
    CHECK(bodies(bench.intake.give_up()) == Bodies{"a", "b", "c"});
    CHECK(bench.intake.waiting() == 0);
}

TEST_CASE("what is put off waits on in its place, also among higher priorities") {
    IntakeBench bench({.by_priority = true});
    for (const char* body : {"a", "b", "c"})
        bench.add(body);
    auto batch = bench.intake.next(2);
    mq::Delivered high;
    high.message.body = "high";
    high.message.properties.priority = 1;
    bench.intake.add(high);
    bench.intake.put_first(batch);
    CHECK(bodies(bench.intake.next(3).deliveries) == Bodies{"high", "a", "b"});
}

TEST_CASE("a batch holds one message of each key, and its end frees the key") {
    IntakeBench bench({.serial_by = event::MessageKey("k")});
    for (const char* body : {R"({"k":1,"n":1})", R"({"k":1,"n":2})", R"({"k":2,"n":3})"})
        bench.add(body);
    const auto batch = bench.intake.next(9);
    CHECK(bodies(batch.deliveries) == Bodies{R"({"k":1,"n":1})", R"({"k":2,"n":3})"});
    CHECK(bench.intake.next(9).deliveries.empty());
    CHECK_FALSE(bench.intake.empty());
    CHECK(bench.intake.next_start(9) == util::SteadyTime::max());
    bench.intake.learn(batch.deliveries[0], failure, 0);
    CHECK(bench.intake.next_start(9) == bench.clock.steady());
    CHECK(bodies(bench.intake.next(9).deliveries) == Bodies{R"({"k":1,"n":2})"});
}

TEST_CASE("a message that is kept for its next attempt keeps its key, unless it is void") {
    IntakeBench bench({.serial_by = event::MessageKey("k")});
    constexpr Decision kept{Action::keep, {}, true};
    bench.add(R"({"k":1,"n":1})");
    bench.add(R"({"k":1,"n":2})");
    auto batch = bench.intake.next(9);
    bench.intake.learn(batch.deliveries[0], kept, 0);
    CHECK(bench.intake.next(9).deliveries.empty());
    SUBCASE("it comes again") {
        bench.intake.add_again(batch.deliveries[0]);
        CHECK(bodies(bench.intake.next(9).deliveries) == Bodies{R"({"k":1,"n":1})"});
    }
    SUBCASE("its connection is lost") {
        bench.in_flight.interrupted(1);
        bench.in_flight.settled(batch.deliveries[0].handle);
        bench.intake.interrupted();
        CHECK(bench.intake.empty());
        CHECK(bench.in_flight.count() == 0);
        bench.add(R"({"k":1,"n":1})", {}, 2);
        CHECK(bodies(bench.intake.next(9).deliveries) == Bodies{R"({"k":1,"n":1})"});
    }
    SUBCASE("its connection was lost before") {
        bench.intake.add_again(batch.deliveries[0]);
        batch = bench.intake.next(9);
        bench.in_flight.interrupted(1);
        bench.intake.interrupted();
        bench.add(R"({"k":1,"n":3})", {}, 2);
        CHECK(bench.intake.next(9).deliveries.empty());  // the handler runs on
        bench.intake.learn(batch.deliveries[0], kept, 0);
        CHECK(bodies(bench.intake.next(9).deliveries) == Bodies{R"({"k":1,"n":3})"});
    }
    SUBCASE("nothing comes again any more") {
        bench.intake.release_held();
        CHECK(bodies(bench.intake.give_up()) == Bodies{R"({"k":1,"n":2})"});
    }
}

TEST_CASE("duplicates free their keys, in the queue and in a batch that waited") {
    IntakeBench bench({.dedup = 10s, .serial_by = event::MessageKey("k")});
    bench.add(R"({"k":1})", "1");
    bench.add(R"({"k":2})", "2");
    const auto first = bench.intake.next(1);
    auto waiting = bench.intake.next(9);
    bench.add(R"({"k":2})", "3");
    bench.add(R"({"k":1})", "1");
    bench.add(R"({"k":1})", "4");
    bench.intake.learn(first.deliveries[0], success, 0);
    auto second = bench.intake.next(1);
    CHECK(second.duplicates.size() == 1);
    CHECK(second.deliveries[0].message.properties.message_id == "4");
    bench.intake.learn(waiting.deliveries[0], success, 0);
    CHECK(bench.intake.next(9).deliveries.size() == 1);
    bench.add(R"({"k":3})", "5");
    auto set_aside = bench.intake.next(9);
    bench.add(R"({"k":3})", "6");
    mq::Delivered known;
    known.message.properties.message_id = "5";
    bench.intake.learn(known, success, 0);
    bench.intake.set_duplicates_aside(set_aside);
    CHECK(set_aside.deliveries.empty());
    CHECK(bench.intake.next(9).deliveries[0].message.properties.message_id == "6");
}

TEST_CASE("an interruption drops what waits of its part") {
    IntakeBench bench;
    bench.add("a", {}, 1);
    bench.add("b", {}, 2);
    bench.add("c", {}, 1);
    bench.in_flight.interrupted(1);
    bench.intake.interrupted();
    CHECK(bench.in_flight.count() == 1);
    CHECK(bodies(bench.intake.give_up()) == Bodies{"b"});
}

TEST_CASE("a rate says how many start and when the next may") {
    IntakeBench bench({.rate = 10});
    for (const char* body : {"a", "b", "c"})
        bench.add(body);
    CHECK(bench.intake.next(9).deliveries.size() == 1);
    CHECK(bench.intake.next(9).deliveries.empty());
    CHECK(bench.intake.next_start(9) == bench.clock.steady() + 100ms);
    bench.clock.advance(100ms);
    CHECK(bench.intake.next_start(9) == bench.clock.steady());
    CHECK(bench.intake.next(9).deliveries.size() == 1);
}

TEST_CASE("a message that was handled is passed over within the window") {
    IntakeBench bench({.dedup = 10s});
    bench.add("a", "1");
    const auto first = bench.intake.next(1);
    bench.intake.learn(first.deliveries[0], success, 0);
    bench.add("again", "1");
    bench.add("b", "2");
    auto second = bench.intake.next(9);
    CHECK(bodies(second.duplicates) == Bodies{"again"});
    CHECK(bodies(second.deliveries) == Bodies{"b"});
    bench.clock.advance(10s);
    bench.add("late", "1");
    CHECK(bodies(bench.intake.next(9).deliveries) == Bodies{"late"});
}

TEST_CASE("a duplicate uses up no start of the rate") {
    IntakeBench bench({.dedup = 10s, .rate = 10});
    bench.add("a", "1");
    const auto first = bench.intake.next(1);
    bench.intake.learn(first.deliveries[0], success, 0);
    bench.clock.advance(100ms);
    for (const char* body : {"again", "and again"})
        bench.add(body, "1");
    bench.add("b", "2");
    auto second = bench.intake.next(9);
    CHECK(bodies(second.duplicates) == Bodies{"again", "and again"});
    CHECK(bodies(second.deliveries) == Bodies{"b"});
}

TEST_CASE("only success makes an id known, and an empty id names nothing") {
    IntakeBench bench({.dedup = 10s});
    bench.add("a", "1");
    bench.add("b", "");
    bench.add("c", "");
    const auto batch = bench.intake.next(9);
    CHECK(batch.deliveries.size() == 3);
    bench.intake.learn(batch.deliveries[0], failure, 0);
    bench.intake.learn(batch.deliveries[1], success, 0);
    bench.add("a", "1");
    bench.add("d", "");
    CHECK(bodies(bench.intake.next(9).deliveries) == Bodies{"a", "d"});
}

TEST_CASE("a second message of the same id is left to the next batch") {
    IntakeBench bench({.dedup = 10s});
    for (const char* id : {"1", "1", "2"})
        bench.add(id, id);
    const auto first = bench.intake.next(9);
    CHECK(bodies(first.deliveries) == Bodies{"1"});
    bench.intake.learn(first.deliveries[0], success, 0);
    const auto second = bench.intake.next(9);
    CHECK(bodies(second.duplicates) == Bodies{"1"});
    CHECK(bodies(second.deliveries) == Bodies{"2"});
}

TEST_CASE("what was handled while a batch waited for its slot is set aside") {
    IntakeBench bench({.dedup = 10s});
    for (const char* id : {"1", "2", "1"})
        bench.add(id, id);
    const auto running = bench.intake.next(1);
    auto waiting = bench.intake.next(9);
    bench.intake.learn(running.deliveries[0], success, 0);
    bench.intake.set_duplicates_aside(waiting);
    CHECK(bodies(waiting.deliveries) == Bodies{"2"});
    CHECK(bodies(waiting.duplicates) == Bodies{"1"});
    CHECK(waiting.since.size() == 1);
    CHECK(waiting.results.size() == 1);
}

TEST_CASE("failures in a row open the circuit, one that succeeds after the pause closes it") {
    IntakeBench bench({.break_after = 2});
    for (int i = 0; i < 6; ++i)
        bench.add(std::to_string(i));
    const auto batch = bench.intake.next(3);
    const auto waiting = bench.intake.next(1);  // for a slot
    CHECK(bench.intake.learn(batch.deliveries[0], failure, batch.probe) == Intake::Change::none);
    CHECK(bench.intake.learn(batch.deliveries[1], failure, batch.probe) == Intake::Change::opened);
    CHECK(bench.intake.learn(batch.deliveries[2], success, batch.probe) == Intake::Change::none);
    CHECK_FALSE(bench.intake.may_still_start(waiting));
    CHECK(bench.intake.pause() == 5s);
    CHECK(bench.intake.next(9).deliveries.empty());
    CHECK(bench.intake.next_start(9) == bench.clock.steady() + 5s);

    bench.clock.advance(5s);
    const auto probe = bench.intake.next(9);
    REQUIRE(probe.deliveries.size() == 1);
    CHECK(bench.intake.may_still_start(probe));
    CHECK(bench.intake.next_start(9) == util::SteadyTime::max());
    CHECK(bench.intake.learn(probe.deliveries[0], undecided, probe.probe) == Intake::Change::none);
    const auto another = bench.intake.next(9);
    REQUIRE(another.deliveries.size() == 1);
    CHECK(bench.intake.learn(another.deliveries[0], success, another.probe) ==
          Intake::Change::closed);
    CHECK(bench.intake.next_start(9) == bench.clock.steady());
}

TEST_CASE("a batch starts when it is full, or when its first message has waited") {
    IntakeBench bench({.batch_wait = 5s});
    for (const char* body : {"a", "b"})
        bench.add(body);
    CHECK(bench.intake.next(3).deliveries.empty());
    CHECK(bench.intake.next_start(3) == bench.clock.steady() + 5s);
    CHECK(bench.intake.next_start(2) == bench.clock.steady());
    bench.clock.advance(4s);
    bench.add("c");
    bench.add("d");
    CHECK(bench.intake.next_start(3) == bench.clock.steady());
    CHECK(bodies(bench.intake.next(3).deliveries) == Bodies{"a", "b", "c"});
    CHECK(bench.intake.next_start(3) == bench.clock.steady() + 5s);
    bench.clock.advance(5s);
    CHECK(bench.intake.next_start(3) == bench.clock.steady());
    CHECK(bodies(bench.intake.next(3).deliveries) == Bodies{"d"});
}

TEST_CASE("a batch that was put off does not wait again") {
    IntakeBench bench({.batch_wait = 5s});
    bench.add("a");
    bench.clock.advance(5s);
    auto batch = bench.intake.next(3);
    bench.intake.put_first(batch);
    CHECK(bodies(bench.intake.next(3).deliveries) == Bodies{"a"});
}

TEST_CASE("where keys hold enough messages back, a batch does not wait for others") {
    IntakeBench bench({.serial_by = event::MessageKey("k"), .batch_wait = 5s});
    for (int i = 0; i < 3; ++i)
        bench.add(R"({"k":1})");
    CHECK(bench.intake.next(3).deliveries.size() == 1);
    CHECK(bench.intake.next_start(3) == util::SteadyTime::max());
}

TEST_CASE("the rate counts batches, and a batch has a bound in bytes") {
    IntakeBench bench({.rate = 1, .batch_wait = 5s});
    for (int i = 0; i < 5; ++i)
        bench.add("x");
    CHECK(bench.intake.next(2).deliveries.size() == 2);
    CHECK(bench.intake.next(2).deliveries.empty());
    CHECK(bench.intake.next_start(2) == bench.clock.steady() + 1s);
    bench.clock.advance(1s);
    CHECK(bench.intake.next(2).deliveries.size() == 2);

    IntakeBench large({.batch_wait = 5s});
    large.add(std::string(40 << 20, 'x'));
    large.add(std::string(40 << 20, 'x'));
    CHECK(large.intake.next(2).deliveries.size() == 1);
    large.add(std::string(1, 'x'));
    CHECK(large.intake.next(2).deliveries.size() == 2);
}

TEST_CASE("a message that is to be alone starts alone, at once, and in its place") {
    const auto has_failed = [](const mq::Delivered& delivered) { return delivered.attempts > 0; };
    IntakeBench bench({.batch_wait = 5s, .starts_alone = has_failed});
    const auto next = [&] { return bodies(bench.intake.next(10).deliveries); };
    bench.add("a");
    bench.add("b");
    bench.add_failed("failed");
    bench.add_failed("failed too");
    bench.add("c");
    CHECK(next().empty());
    bench.clock.advance(5s);
    CHECK(next() == Bodies{"a", "b"});
    CHECK(next() == Bodies{"failed"});
    CHECK(next() == Bodies{"failed too"});
    CHECK(next() == Bodies{"c"});
    bench.add_failed("again");
    bench.add("d");
    CHECK(bench.intake.next_start(10) <= bench.clock.steady());
    CHECK(next() == Bodies{"again"});
    CHECK(next().empty());
}

TEST_CASE("the messages of a batch that failed start alone, in their places and by their keys") {
    IntakeBench bench(
        {.by_priority = true, .serial_by = event::MessageKey("header:k"), .batch_wait = 5s});
    const auto add = [&](const char* body, std::uint8_t priority, const char* key) {
        mq::Delivered delivered;
        delivered.message.body = body;
        delivered.message.properties.priority = priority;
        delivered.message.headers.push_back({"k", {std::string(key)}});
        delivered.handle = {1, ++bench.number};
        bench.in_flight.taken(delivered.handle);
        bench.intake.add(std::move(delivered));
    };
    add("a1", 0, "a");
    add("b1", 3, "b");
    add("a2", 0, "a");
    bench.clock.advance(5s);
    auto batch = bench.intake.next(10);
    CHECK(bodies(batch.deliveries) == Bodies{"b1", "a1"});
    CHECK_FALSE(batch.alone);
    batch.alone = true;
    bench.intake.put_first(batch);
    add("c1", 2, "c");
    const auto next = [&] { return bench.intake.next(10); };
    auto first = next();
    CHECK(bodies(first.deliveries) == Bodies{"b1"});
    // It waits on for its slot.
    bench.intake.put_first(first);
    first = next();
    CHECK(bodies(first.deliveries) == Bodies{"b1"});
    CHECK(bodies(next().deliveries) == Bodies{"c1"});
    const auto second = next();
    CHECK(bodies(second.deliveries) == Bodies{"a1"});
    CHECK(second.alone);
    CHECK(next().deliveries.empty());
    bench.intake.learn(second.deliveries[0], success, 0);
    bench.clock.advance(5s);
    CHECK(bodies(next().deliveries) == Bodies{"a2"});
}

TEST_CASE("while the circuit is open, a batch is the one message that is tried") {
    IntakeBench bench({.break_after = 1, .batch_wait = 5s});
    for (int i = 0; i < 4; ++i)
        bench.add("x");
    const auto batch = bench.intake.next(2);
    bench.intake.learn(batch.deliveries[0], failure, batch.probe);
    bench.clock.advance(5s);
    CHECK(bench.intake.next_start(9) == bench.clock.steady());
    CHECK(bench.intake.next(9).deliveries.size() == 1);
    CHECK(bench.intake.next_start(9) == util::SteadyTime::max());
}

TEST_CASE("an operator closes the circuit at once") {
    IntakeBench bench({.break_after = 1});
    bench.add("a");
    bench.add("b");
    const auto batch = bench.intake.next(1);
    CHECK(bench.intake.learn(batch.deliveries[0], failure, batch.probe) == Intake::Change::opened);
    CHECK(bench.intake.next(1).deliveries.empty());
    bench.intake.reset_breaker();
    CHECK(bodies(bench.intake.next(1).deliveries) == Bodies{"b"});
}

TEST_CASE("the event_id of the body stands in for a message_id") {
    IntakeBench bench({.dedup = 1min});
    const std::string body = R"({"event_id":"e-1"})";
    bench.add(body);
    bench.add(body);
    bench.add("x", "e-1");
    const auto first = bench.intake.next(10);
    CHECK(bodies(first.deliveries) == Bodies{body});
    CHECK(bench.intake.learn(first.deliveries[0], success, first.probe) == Intake::Change::none);
    CHECK(bodies(bench.intake.next(10).duplicates) == Bodies{body, "x"});
}

TEST_CASE("the first message without any id is noticed once, where duplicates are looked for") {
    mq::Delivered named;
    named.message.body = R"({"event_id":"e-1"})";
    mq::Delivered nameless;
    nameless.message.body = "{}";
    IntakeBench without;
    CHECK_FALSE(without.intake.meets_without_id(nameless));
    IntakeBench bench({.dedup = 1min});
    CHECK_FALSE(bench.intake.meets_without_id(named));
    CHECK(bench.intake.meets_without_id(nameless));
    CHECK_FALSE(bench.intake.meets_without_id(nameless));
}

}  // namespace airy::work
