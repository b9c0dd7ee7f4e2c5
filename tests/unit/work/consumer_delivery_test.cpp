// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// Lost connections, retries and dead letters of a consumer.
#include <doctest/doctest.h>

#include <algorithm>

#include "consumer_bench.hpp"

using namespace airy;
using namespace airy::work;
using namespace airy::test;
using namespace std::chrono_literals;

TEST_CASE("a lost connection that comes back: what ran is dropped and comes again") {
    ConsumerBench bench;
    bench.push({"ok", "wait", "later"});
    ConsumerStatus during;
    const auto result = bench.run([&](Consumer& consumer) {
        bench.when([&] { return bench.handler.running == 1 && bench.handler.seen.size() == 2; },
                   [&] { bench.queue.interrupt(); });
        bench.when([&] { return consumer.status().state == ConsumerState::reconnecting; },
                   [&] {
                       during = consumer.status();
                       bench.handler.release();
                       bench.queue.restore();
                   });
        bench.when([&] { return bench.queue.acked().size() == 3; }, [&] { consumer.drain(); });
    });
    CHECK(during.in_flight <= 2);  // the one that ran, and one that waited for its slot
    CHECK(result.handled == 3);
    CHECK_FALSE(result.error);
    CHECK(result.settled);
    CHECK(bench.queue.acked() == std::vector<std::string>{"ok", "wait", "later"});
    CHECK(std::ranges::count(bench.handler.seen, "wait") == 2);
    CHECK(std::ranges::count(bench.handler.seen, "later") == 1);
    CHECK(bench.queue.unsettled() == 0);
}

TEST_CASE("what the broker retries is counted once it is settled") {
    ConsumerBench bench;
    bench.push({"retry", "ok"});
    bench.queue.answers = false;
    bench.options.stop.idle = 20s;
    bench.options.retry.delay = 100ms;
    ConsumerStatus before;
    ConsumerStatus after;
    const auto result = bench.run([&](Consumer& consumer) {
        bench.when([&] { return consumer.status().handled == 1; },
                   [&] {
                       before = consumer.status();
                       bench.queue.answer_all();
                   });
        bench.when([&] { return consumer.status().retried == 1; },
                   [&] { after = consumer.status(); });
    });
    CHECK(before.failed == 1);
    CHECK(before.retried == 0);
    CHECK(before.in_flight == 1);
    CHECK(after.in_flight == 0);
    CHECK(after.confirm.count == 1);
    CHECK(result.handled == 1);
    CHECK(result.retried == 1);
    CHECK(bench.queue.retried() == std::vector<std::string>{"retry"});
    // While the retry may be on its way back it is not idle.
    CHECK(bench.elapsed() == 20s + 350ms);
}

TEST_CASE("the attempts of a message decide when it is given up") {
    ConsumerBench bench;
    mq::Delivered delivered;
    delivered.message.body = "retry";
    delivered.attempts = 4;
    bench.queue.push(delivered);
    bench.options.stop.count = 1;
    const auto result = bench.run();
    CHECK(bench.handler.attempts == std::vector<unsigned>{5});
    CHECK(result.dead_lettered == 1);
    CHECK(bench.queue.dead_lettered() == std::vector<std::string>{"retry"});
}

TEST_CASE("on-error decides about failures, a reject is a reject") {
    ConsumerBench bench;
    bench.push({"retry", "reject"});
    bench.options.stop.count = 2;
    SUBCASE("dead-letter") {
        bench.options.retry.on_error = OnError::dead_letter;
        const auto result = bench.run();
        CHECK(result.dead_lettered == 2);
        CHECK(bench.queue.dead_lettered().size() == 2);
    }
    SUBCASE("discard") {
        bench.options.retry.on_error = OnError::discard;
        const auto result = bench.run();
        CHECK(result.discarded == 1);
        CHECK(result.dead_lettered == 1);
        CHECK(bench.queue.dead_lettered() == std::vector<std::string>{"reject"});
    }
}

TEST_CASE("a dead letter that the broker cannot keep is tried again; its handler does not run") {
    ConsumerBench bench;
    bench.push({"reject"});
    bench.queue.refusal = Error(ErrorKind::undelivered, "no");
    bench.after(2500ms, [&] { bench.queue.refusal.reset(); });
    bench.options.stop.count = 1;
    const auto result = bench.run();
    CHECK(bench.elapsed() == 3s);
    CHECK(bench.handler.seen.size() == 1);
    CHECK(result.dead_lettered == 1);
    CHECK(bench.queue.requeued().empty());
}

TEST_CASE("retries that cannot be copied: still no more runs than attempts") {
    ConsumerBench bench;
    bench.push({"retry"});
    bench.queue.refusal = Error(ErrorKind::invalid_event, "the headers are too large");
    bench.queue.cause = mq::NotSettled::Cause::message;
    bench.options.retry.max_attempts = 3;
    const auto result = bench.run();
    CHECK(bench.handler.attempts == std::vector<unsigned>{1, 2, 3});
    CHECK(bench.elapsed() == 3s);
    // Not even the dead letter can be kept.
    REQUIRE(result.error);
    CHECK(result.error->kind() == ErrorKind::invalid_event);
    CHECK(bench.queue.ready() == 1);
}

TEST_CASE("what has no outcome at the end goes back, and counts as to be tried again") {
    ConsumerBench bench;
    bench.push({"reject"});
    bench.queue.answers = false;
    bench.options.drain = 30s;
    const auto result = bench.run([&](Consumer& consumer) {
        bench.when([&] { return bench.queue.dead_lettered().size() == 1; },
                   [&] { consumer.drain(); });
    });
    CHECK(bench.elapsed() == 30s);
    CHECK(result.retried == 1);
    CHECK(result.dead_lettered == 0);
    CHECK(bench.queue.ready() == 1);
}

TEST_CASE("a connection lost before the outcome of a dead letter: the message comes again") {
    ConsumerBench bench;
    bench.push({"reject"});
    bench.queue.answers = false;
    bench.options.stop.count = 1;
    const auto result = bench.run([&](Consumer& consumer) {
        bench.when([&] { return bench.queue.dead_lettered().size() == 1; },
                   [&] { bench.queue.interrupt(); });
        bench.when([&] { return consumer.status().state == ConsumerState::reconnecting; },
                   [&] {
                       CHECK(consumer.status().in_flight == 0);
                       bench.queue.answers = true;
                       bench.queue.restore();
                   });
    });
    CHECK(result.dead_lettered == 1);
    CHECK(result.not_handled == 1);
    CHECK(bench.handler.seen.size() == 2);
}

TEST_CASE("while the handler's service is not there, messages wait and count no attempt") {
    ConsumerBench bench;
    bench.push({"a", "b", "reject"});
    bench.options.slots = 2;
    bench.handler.service_absent = 4;
    bench.options.stop.count = 3;
    bench.options.log_events = true;
    ConsumerStatus during;
    const auto result = bench.run([&](Consumer& consumer) {
        bench.when([&] { return consumer.status().state == ConsumerState::tripped; },
                   [&] { during = consumer.status(); });
    });
    CHECK(during.in_flight == 3);
    CHECK(during.failed == 0);
    CHECK(during.batches == 0);
    REQUIRE(during.failures.size() == 1);
    CHECK(during.failures[0].reason == "because");
    CHECK(result.handled == 2);
    CHECK(result.dead_lettered == 1);
    CHECK(result.retried == 0);
    CHECK(bench.handler.seen.size() == 7);
    CHECK(bench.handler.attempts == std::vector<unsigned>(7, 1));
    CHECK(bench.queue.unsettled() == 0);
    CHECK(bench.elapsed() == 1s + 2s + 4s + 8s);
}

TEST_CASE("messages that wait for the handler's service go back when the consumer ends") {
    ConsumerBench bench;
    bench.push({"a", "b"});
    bench.handler.service_absent = 100;
    bench.options.stop.total = 20s;
    const auto result = bench.run();
    CHECK(result.reason == StopReason::time_up);
    CHECK(result.not_handled == 2);
    CHECK(result.handled + result.retried + result.dead_lettered == 0);
    CHECK(bench.queue.unsettled() == 0);
    for (const auto& settled : bench.queue.settlements())
        CHECK_FALSE(std::get<mq::Requeue>(settled.settlement).counts);
}

TEST_CASE("messages that wait for long go back and come again, before the broker takes them back") {
    ConsumerBench bench;
    bench.push({"a", "b"});
    bench.options.stop.total = 25min;
    SUBCASE("for the handler's service") {
        bench.handler.service_absent = 1000;
    }
    bool paused = false;
    SUBCASE("in a paused consumer") {
        paused = true;
    }
    const auto result = bench.run([&](Consumer& consumer) {
        if (paused) consumer.pause();
    });
    // Twice by its age, and at the end.
    REQUIRE(bench.queue.settlements().size() == 6);
    for (const auto& settled : bench.queue.settlements())
        CHECK_FALSE(std::get<mq::Requeue>(settled.settlement).counts);
    CHECK(result.not_handled == 2);
    CHECK(result.handled + result.retried + result.dead_lettered == 0);
    CHECK(bench.queue.ready() == 2);
}

TEST_CASE("messages that wait for the handler's service are dropped with their connection") {
    ConsumerBench bench;
    bench.push({"a"});
    bench.handler.service_absent = 1;
    bench.options.stop.count = 1;
    const auto result = bench.run([&](Consumer& consumer) {
        bench.when([&] { return consumer.status().state == ConsumerState::tripped; },
                   [&] {
                       bench.queue.interrupt();
                       bench.queue.restore();
                   });
    });
    CHECK(result.handled == 1);
    CHECK(bench.queue.unsettled() == 0);
}

TEST_CASE("a handler may say after which delay to try again") {
    ConsumerBench bench;
    bench.push({"retry"});
    bench.handler.retry_after = 7s;
    bench.options.stop.idle = 1s;
    bench.run();
    const auto settlements = bench.queue.settlements();
    REQUIRE(settlements.size() == 1);
    CHECK(std::get<mq::RetryAfter>(settlements[0].settlement).delay == 7s);
    CHECK(std::get<mq::RetryAfter>(settlements[0].settlement).at_most == 8s);
}

TEST_CASE("a message that was handled is not handled again within the window") {
    ConsumerBench bench;
    bench.options.intake.dedup = 1h;
    bench.options.stop.idle = 20s;
    for (const char* body : {"ok", "requeue", "ok"})
        bench.queue.push(body, "post.published", body);
    bench.queue.limit = 1;
    const auto result = bench.run();
    CHECK(std::ranges::count(bench.handler.seen, "ok") == 1);
    CHECK(std::ranges::count(bench.handler.seen, "requeue") == 2);  // only success counts
    CHECK(result.duplicates == 1);
    CHECK(result.handled == 1);
    CHECK(bench.queue.acked() == std::vector<std::string>{"ok", "ok"});
}

TEST_CASE("an empty message_id names no message") {
    ConsumerBench bench;
    bench.options.intake.dedup = 1h;
    bench.options.stop.idle = 20s;
    for (const char* body : {"a", "b", "c"})
        bench.queue.push(body, "post.published", "");
    const auto result = bench.run();
    CHECK(result.handled == 3);
    CHECK(result.duplicates == 0);
    CHECK(bench.handler.seen == std::vector<std::string>{"a", "b", "c"});
}

TEST_CASE("a message is known to the batch that it came with") {
    ConsumerBench bench;
    bench.options.intake.dedup = 1h;
    bench.options.stop.idle = 20s;
    bench.handler.limit = 10;
    for (const char* id : {"1", "1", "2", "1", "2"})
        bench.queue.push(id, "post.published", id);
    const auto result = bench.run();
    CHECK(bench.handler.seen == std::vector<std::string>{"1", "2"});
    CHECK(result.handled == 2);
    CHECK(result.duplicates == 3);
}

TEST_CASE("a rate spreads the starts") {
    ConsumerBench bench;
    bench.options.intake.rate = 100;
    bench.options.slots = 10;
    for (int i = 0; i < 20; ++i)
        bench.queue.push("ok");
    bench.options.stop.count = 20;
    const auto result = bench.run();
    CHECK(result.handled == 20);
    CHECK(bench.elapsed() >= 190ms);  // the first one at once
    CHECK(bench.elapsed() < 191ms);
}

TEST_CASE("after failures in a row nothing starts") {
    ConsumerBench bench;
    bench.options.intake.break_after = 3;
    for (int i = 0; i < 10; ++i)
        bench.queue.push("reject");
    const auto result = bench.run([&](Consumer& consumer) {
        bench.when([&] { return consumer.status().state == ConsumerState::tripped; },
                   [&] { consumer.drain(); });
    });
    // Not even the one that had been waiting for the slot when the circuit opened.
    CHECK(bench.handler.seen.size() == 3);
    CHECK(result.dead_lettered == 3);
    CHECK(bench.queue.ready() == 7);
}

TEST_CASE("the one that is tried after a pause closes the circuit again") {
    ConsumerBench bench;
    bench.options.intake.break_after = 2;
    bench.push({"reject", "reject", "ok", "ok"});
    bench.options.stop.count = 4;
    const auto result = bench.run();
    CHECK(bench.elapsed() == 5s);
    CHECK(result.handled == 2);
    CHECK(result.dead_lettered == 2);
}

namespace {

struct Recorder final : ConsumerObserver {
    void state_changed(ConsumerState state) override { told.emplace_back(to_string(state)); }
    void began(std::uint64_t run, std::span<const mq::Delivered> batch,
               std::span<const util::SteadyTime>) override {
        told.push_back("began " + std::to_string(run) + " " + batch.front().message.body);
    }
    void ended(std::uint64_t run, std::span<const mq::Delivered>, std::chrono::nanoseconds,
               bool) override {
        told.push_back("ended " + std::to_string(run));
    }
    void failed(const mq::Delivered&, const HandlerResult& result, const Decision&) override {
        told.push_back("failed " + result.reason);
    }
    void concluded(const mq::Delivered&, Conclusion conclusion, const Course&) override {
        told.emplace_back(to_string(conclusion));
    }
    std::vector<std::string> told;
};

}  // namespace

TEST_CASE("an observer is told what happens, in order") {
    ConsumerBench bench;
    Recorder recorder;
    bench.options.observers.push_back(&recorder);
    bench.options.stop.count = 2;
    int ready = 0;
    int stopping = 0;
    bench.options.on_ready = [&] { ++ready; };
    bench.options.on_stopping = [&] { ++stopping; };
    bench.push({"ok", "reject"});
    bench.run();
    CHECK(recorder.told == std::vector<std::string>{"running", "began 1 ok", "ended 1", "ack",
                                                    "began 2 reject", "ended 2", "failed because",
                                                    "dead_letter", "draining", "stopped"});
    CHECK(ready == 1);
    CHECK(stopping == 1);
}

TEST_CASE("an observer that throws ends the consumer with its words, and nothing is lost") {
    struct Failing final : ConsumerObserver {
        void concluded(const mq::Delivered&, Conclusion, const Course&) override {
            throw std::runtime_error("the collector is full");
        }
    };
    ConsumerBench bench;
    Failing failing;
    bench.options.observers.push_back(&failing);
    bench.handler.limit = 3;
    bench.push({"ok", "ok", "ok"});
    const auto result = bench.run();
    CHECK(result.reason == StopReason::failed);
    REQUIRE(result.error);
    CHECK(std::string(result.error->what()) == "the collector is full");
    CHECK(result.handled == 1);
    CHECK(bench.queue.ready() == 2);
}
