// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/settler.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/support/fake_work_queue.hpp"
#include "tests/support/manual_clock.hpp"

namespace airy::work {
namespace {

using namespace std::chrono_literals;
using Bodies = std::vector<std::string>;
using Words = std::vector<std::string>;

struct Told final : ConsumerObserver {
    void failed(const mq::Delivered&, const HandlerResult&, const Decision& decision) override {
        words.push_back("failed " + std::to_string(decision.delay.count()));
    }
    void concluded(const mq::Delivered& delivered, Conclusion conclusion, const Course&) override {
        words.push_back(delivered.message.body + " " + std::string(to_string(conclusion)));
    }
    void copied(std::chrono::nanoseconds) override { words.emplace_back("copied"); }
    void not_settled(const mq::Delivered&, Action, const Error& error) override {
        words.emplace_back(error.what());
    }
    Words words;
};

struct SettlerBench {
    explicit SettlerBench(const RetryPolicy& policy = {})
        : settler(queue, in_flight, told, policy, clock) {}

    mq::Delivered delivery(const std::string& body, unsigned returns = 0) {
        mq::Delivered delivered;
        delivered.message.body = body;
        delivered.returns = returns;
        queue.push(std::move(delivered));
        auto taken = std::get<mq::Delivered>(queue.take().back());
        in_flight.taken(taken.handle);
        return taken;
    }
    Decision conclude(mq::Delivered delivered, const HandlerResult& result) {
        const auto decision = settler.decide(delivered, result);
        settler.carry_out(std::move(delivered), result, decision, {});
        return decision;
    }
    // Lets the settler know what the queue answered.
    void take() {
        for (const auto& event : queue.take()) {
            if (const auto* settled = std::get_if<mq::Settled>(&event)) settler.take(*settled);
            if (const auto* refused = std::get_if<mq::NotSettled>(&event)) settler.take(*refused);
        }
    }

    test::ManualClock clock;
    test::FakeWorkQueue queue;
    InFlight in_flight;
    Told told;
    Settler settler;
};

const HandlerResult ok{};
const HandlerResult reject{.verdict = Verdict::reject, .reason = "bad", .detail = {"line", 65}};
const HandlerResult retry{.verdict = Verdict::retry, .reason = "later", .detail = {"line", 75}};
const HandlerResult requeue{.verdict = Verdict::requeue, .reason = "not mine"};
const HandlerResult unhandled{.verdict = Verdict::not_handled};

}  // namespace

TEST_CASE("success is acked and counted") {
    SettlerBench bench;
    bench.conclude(bench.delivery("a"), ok);
    CHECK(bench.queue.acked() == Bodies{"a"});
    CHECK(bench.settler.counts().handled == 1);
    CHECK(bench.settler.done() == 1);
    CHECK(bench.in_flight.count() == 0);
    CHECK(bench.told.words == Words{"a ack"});
}

TEST_CASE("a failure is discarded by an ack") {
    SettlerBench bench({.on_error = OnError::discard});
    bench.conclude(bench.delivery("a"), retry);
    CHECK(bench.queue.acked() == Bodies{"a"});
    CHECK(bench.settler.counts().discarded == 1);
    CHECK(bench.settler.counts().failed == 1);
    CHECK(bench.told.words == Words{"failed 0", "a discard"});
}

TEST_CASE("a dead letter carries the handler's account, and counts once it is settled") {
    SettlerBench bench;
    bench.queue.answers = false;
    bench.conclude(bench.delivery("a"), reject);
    const auto settlements = bench.queue.settlements();
    REQUIRE(settlements.size() == 1);
    const auto& account = std::get<mq::DeadLetter>(settlements[0].settlement).account;
    CHECK(account.why == "rejected");
    CHECK(account.error == "line");
    CHECK(account.exit == 65);
    CHECK(account.at == bench.clock.now());
    CHECK(bench.settler.outstanding() == 1);
    CHECK(bench.settler.done() == 0);
    CHECK(bench.in_flight.count() == 1);
    CHECK_FALSE(bench.settler.idle());

    bench.queue.answer_all();
    bench.take();
    CHECK(bench.settler.outstanding() == 0);
    CHECK(bench.settler.counts().dead_lettered == 1);
    CHECK(bench.settler.done() == 1);
    CHECK(bench.in_flight.count() == 0);
    CHECK(bench.settler.idle());
    CHECK(bench.told.words == Words{"failed 0", "copied", "a dead_letter"});
}

TEST_CASE("a retry is on its way back for its delay and a little longer") {
    SettlerBench bench;
    bench.conclude(bench.delivery("a"), retry);
    const auto settlements = bench.queue.settlements();
    REQUIRE(settlements.size() == 1);
    CHECK(std::get<mq::RetryAfter>(settlements[0].settlement).delay == 1s);
    CHECK(std::get<mq::RetryAfter>(settlements[0].settlement).account.why == "attempts");
    bench.take();
    CHECK(bench.settler.counts().retried == 1);
    CHECK_FALSE(bench.settler.idle());
    CHECK(bench.settler.next_due() == bench.clock.steady() + 1250ms);
    bench.clock.advance(1250ms);
    CHECK(bench.settler.idle());
    CHECK(bench.settler.next_due() == util::SteadyTime::max());
}

TEST_CASE("a retry after the handler's own delay may come as late as another retry") {
    SettlerBench bench;
    HandlerResult busy{.verdict = Verdict::retry};
    busy.retry_after = 3s;
    bench.conclude(bench.delivery("a"), busy);
    const auto settlements = bench.queue.settlements();
    REQUIRE(settlements.size() == 1);
    CHECK(std::get<mq::RetryAfter>(settlements[0].settlement).delay == 3s);
    CHECK(std::get<mq::RetryAfter>(settlements[0].settlement).at_most == 4s);
    bench.take();
    CHECK(bench.settler.next_due() == bench.clock.steady() + 4250ms);
}

TEST_CASE("the attempts that the broker tells decide when a message is given up") {
    SettlerBench bench({.max_attempts = 3});
    auto delivered = bench.delivery("a");
    delivered.attempts = 1;
    CHECK(bench.settler.decide(delivered, retry).action == Action::retry);
    CHECK(bench.settler.decide(delivered, retry).delay == 2s);
    delivered.attempts = 2;
    CHECK(bench.settler.decide(delivered, retry).action == Action::dead_letter);
}

TEST_CASE("where the broker does not retry, a message is held here and its returns count") {
    SettlerBench bench({.max_attempts = 3});
    bench.queue.carries_out_retries = false;
    CHECK(bench.conclude(bench.delivery("a", 1), retry).delay == 2s);
    CHECK(bench.queue.settlements().empty());
    CHECK(bench.settler.counts().retried == 1);
    CHECK(bench.in_flight.count() == 1);
    CHECK(bench.settler.next_due() == bench.clock.steady() + 2s);
    bench.clock.advance(2s - 1ns);
    CHECK_FALSE(bench.settler.release_due());
    bench.clock.advance(1ns);
    CHECK(bench.settler.release_due());
    const auto settlements = bench.queue.settlements();
    REQUIRE(settlements.size() == 1);
    CHECK(std::get<mq::Requeue>(settlements[0].settlement).counts);
    CHECK(bench.in_flight.count() == 0);
    CHECK(bench.settler.idle());

    CHECK(bench.conclude(bench.delivery("b", 2), retry).action == Action::dead_letter);
}

TEST_CASE("what is put back is held from the third return on, up to the queue's limit") {
    SettlerBench bench;
    bench.queue.limit = 20;
    bench.conclude(bench.delivery("first", 0), requeue);
    CHECK(bench.queue.requeued() == Bodies{"first"});
    bench.queue.take();
    bench.conclude(bench.delivery("fourth", 3), requeue);
    CHECK(bench.settler.next_due() == bench.clock.steady() + 250ms);
    bench.conclude(bench.delivery("last", 20), requeue);
    CHECK(bench.queue.dead_lettered() == Bodies{"last"});
}

TEST_CASE("held deliveries go back in the order of their times, and all of them at the end") {
    SettlerBench bench;
    bench.conclude(bench.delivery("slow", 4), requeue);
    bench.conclude(bench.delivery("quick", 3), requeue);
    bench.clock.advance(250ms);
    CHECK(bench.settler.release_due());
    CHECK(bench.queue.requeued() == Bodies{"quick"});
    bench.settler.release_all();
    CHECK(bench.queue.requeued() == Bodies{"quick", "slow"});
    bench.queue.take();
    bench.conclude(bench.delivery("late", 9), requeue);  // nothing is held any more
    CHECK(bench.queue.requeued() == Bodies{"quick", "slow", "late"});
}

TEST_CASE("a dead letter that was not kept is tried again, without another run") {
    SettlerBench bench;
    bench.queue.refusal = Error(ErrorKind::undelivered, "full");
    bench.conclude(bench.delivery("dead"), reject);
    bench.take();
    CHECK(bench.told.words == Words{"failed 0", "full"});
    CHECK(bench.settler.outstanding() == 1);
    CHECK_FALSE(bench.settler.idle());
    CHECK(bench.settler.next_due() == bench.clock.steady() + 1s);
    bench.queue.refusal.reset();
    bench.clock.advance(1s);
    CHECK(bench.settler.release_due());
    CHECK(bench.settler.take_again().empty());
    bench.take();
    CHECK(bench.queue.dead_lettered() == Bodies{"dead", "dead"});
    CHECK(bench.settler.counts().dead_lettered == 1);
    CHECK(bench.settler.counts().retried == 0);
    CHECK(bench.settler.outstanding() == 0);
    CHECK(bench.in_flight.count() == 0);
}

TEST_CASE("a retry that the broker could not carry out is carried out here") {
    SettlerBench bench;
    bench.queue.refusal = Error(ErrorKind::unreachable, "lost");
    std::chrono::milliseconds delay = 4s;
    SUBCASE("after a passing failure, a second later at least") {
        bench.queue.cause = mq::NotSettled::Cause::passing;
    }
    SUBCASE("where no copy can be made") {
        bench.queue.cause = mq::NotSettled::Cause::message;
    }
    auto delivered = bench.delivery("later");
    delivered.attempts = 2;
    bench.conclude(std::move(delivered), retry);
    bench.take();
    CHECK(bench.told.words == Words{"failed 4000", "lost", "later retry"});
    CHECK(bench.settler.next_due() == bench.clock.steady() + delay);
    bench.clock.advance(delay);
    CHECK(bench.settler.release_due());
    const auto again = bench.settler.take_again();
    REQUIRE(again.size() == 1);
    CHECK(again[0].attempts == 3);
    CHECK(bench.queue.requeued().empty());
    CHECK(bench.in_flight.count() == 1);
}

TEST_CASE("a failure for which no message can be kept ends the consumer") {
    SettlerBench bench;
    bench.queue.refusal = Error(Reason::access_refused, "no right");
    bench.queue.cause = mq::NotSettled::Cause::refused;
    for (const auto& result : {retry, reject}) {
        bench.conclude(bench.delivery("a"), result);
        for (const auto& event : bench.queue.take())
            if (const auto* refused = std::get_if<mq::NotSettled>(&event))
                CHECK(bench.settler.take(*refused));
    }
    CHECK(bench.queue.requeued() == Bodies{"a", "a"});
    bench.queue.take();
    bench.queue.cause = mq::NotSettled::Cause::message;
    bench.conclude(bench.delivery("b"), reject);
    const auto events = bench.queue.take();
    CHECK(bench.settler.take(std::get<mq::NotSettled>(events.back())));
}

TEST_CASE("at the end all that is held goes back, also dead letters") {
    SettlerBench bench;
    bench.queue.refusal = Error(ErrorKind::undelivered, "full");
    bench.conclude(bench.delivery("dead"), reject);
    bench.take();
    bench.conclude(bench.delivery("later"), retry);
    bench.take();
    bench.settler.release_all();
    CHECK(bench.queue.requeued().size() == 2);
    CHECK(bench.settler.outstanding() == 0);
    CHECK(bench.settler.counts().retried == 2);
    CHECK(bench.in_flight.count() == 0);
}

TEST_CASE("what was not handled goes back uncounted") {
    SettlerBench bench;
    bench.conclude(bench.delivery("begun"), unhandled);
    bench.queue.take();
    bench.settler.give_back(bench.delivery("waiting"));
    const auto settlements = bench.queue.settlements();
    REQUIRE(settlements.size() == 2);
    for (const auto& settlement : settlements)
        CHECK_FALSE(std::get<mq::Requeue>(settlement.settlement).counts);
    CHECK(bench.settler.counts().not_handled == 2);
    CHECK(bench.settler.counts().failed == 0);
    CHECK(bench.told.words == Words{"begun give_back"});
}

TEST_CASE("a duplicate is acked and counted as such") {
    SettlerBench bench;
    bench.settler.skip(bench.delivery("a"));
    CHECK(bench.queue.acked() == Bodies{"a"});
    CHECK(bench.settler.counts().duplicates == 1);
    CHECK(bench.settler.done() == 0);
    CHECK(bench.told.words == Words{"a duplicate"});
}

TEST_CASE("an interruption: nothing of its part is settled or counted") {
    SettlerBench bench;
    bench.queue.answers = false;
    auto running = bench.delivery("running");
    bench.conclude(bench.delivery("held", 3), requeue);
    bench.conclude(bench.delivery("outstanding"), reject);
    const auto before = bench.queue.settlements().size();
    bench.queue.interrupt();
    bench.in_flight.interrupted(1);
    bench.settler.interrupted();
    CHECK(bench.settler.outstanding() == 0);
    CHECK(bench.settler.next_due() == util::SteadyTime::max());
    CHECK(bench.in_flight.count() == 1);
    bench.conclude(std::move(running), ok);
    CHECK(bench.in_flight.count() == 0);
    CHECK(bench.queue.settlements().size() == before);
    CHECK(bench.settler.counts().handled == 0);
    CHECK(bench.settler.counts().not_handled == 2);
    CHECK(bench.told.words.back() == "running lost");
    bench.settler.take(mq::Settled{{1, 3}});  // an outcome that comes too late
    CHECK(bench.settler.counts().dead_lettered == 0);
}

TEST_CASE("another part's deliveries are settled as ever") {
    SettlerBench bench;
    auto kept = bench.delivery("kept");
    bench.in_flight.taken({9, 1});
    bench.in_flight.interrupted(9);
    bench.settler.interrupted();
    bench.conclude(std::move(kept), ok);
    CHECK(bench.queue.acked() == Bodies{"kept"});
}

TEST_CASE("what has no outcome when the queue is closed counts as to be tried again") {
    SettlerBench bench;
    bench.queue.answers = false;
    bench.conclude(bench.delivery("a"), reject);
    bench.settler.closed();
    CHECK(bench.settler.counts().retried == 1);
    CHECK(bench.settler.idle());
    CHECK(bench.in_flight.count() == 0);
    CHECK(bench.told.words.back() == "a retry");
}

TEST_CASE("a message that is tried again in its place is held, with one attempt more") {
    SettlerBench bench({.in_place = true});
    CHECK(bench.conclude(bench.delivery("a"), retry).action == Action::keep);
    CHECK(bench.settler.counts().retried == 1);
    CHECK(bench.told.words == Words{"failed 1000", "a retry"});
    CHECK(bench.queue.settlements().empty());
    CHECK(bench.settler.next_due() == bench.clock.steady() + 1s);
    CHECK_FALSE(bench.settler.release_due());
    bench.clock.advance(1s);
    REQUIRE(bench.settler.release_due());
    auto again = bench.settler.take_again();
    REQUIRE(again.size() == 1);
    CHECK(again[0].attempts == 1);
    CHECK(again[0].first_failed_at == bench.clock.now() - 1s);
    CHECK(bench.conclude(again[0], retry).delay == 2s);
    bench.clock.advance(2s);
    REQUIRE(bench.settler.release_due());
    again = bench.settler.take_again();
    CHECK(again[0].attempts == 2);
    CHECK(again[0].first_failed_at == bench.clock.now() - 3s);
    // A return counts as such, and a handler that never came to a verdict as nothing.
    bench.conclude(again[0], requeue);
    REQUIRE(bench.settler.release_due());
    again = bench.settler.take_again();
    CHECK(again[0].attempts == 2);
    CHECK(again[0].returns == 1);
    bench.conclude(again[0], unhandled);
    REQUIRE(bench.settler.release_due());
    again = bench.settler.take_again();
    CHECK(again[0].attempt() == 4);
    bench.conclude(again[0], ok);
    CHECK(bench.queue.acked() == Bodies{"a"});
    CHECK(bench.in_flight.count() == 0);
}

TEST_CASE("at the end, what would be held in its place goes back to the queue") {
    SettlerBench bench({.in_place = true});
    bench.conclude(bench.delivery("a"), retry);
    bench.settler.release_all();
    CHECK(bench.queue.requeued() == Bodies{"a"});
    bench.conclude(bench.delivery("b"), retry);
    bench.conclude(bench.delivery("c"), unhandled);
    CHECK(bench.queue.requeued() == Bodies{"a", "b", "c"});
    CHECK(bench.settler.counts().retried == 2);
    CHECK(bench.settler.counts().not_handled == 1);
    CHECK(bench.settler.idle());
}

}  // namespace airy::work
