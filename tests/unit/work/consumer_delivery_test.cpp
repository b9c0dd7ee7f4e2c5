// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// Lost connections, retries and dead letters of a consumer.
#include <doctest/doctest.h>
#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "consumer_bench.hpp"
#include "util/fd.hpp"

using namespace airy;
using namespace airy::work;
using namespace airy::test;
using namespace std::chrono_literals;

namespace {

// With a durable queue of airy's own, so that copies can be made.
struct LetterBench : Bench {
    LetterBench() {
        WorkQueue work{queue, "airy.events", {"#"}};
        declare_work_queue(*broker.topology(), work);
        options.letters = Letters{&broker, work};
        options.delivery_limit = delivery_limit;
    }
    std::vector<std::string> dead() { return broker.bodies(queue + ".dlq"); }
};

}  // namespace

TEST_CASE("a lost connection that comes back: what ran is dropped and comes again") {
    Bench bench;
    bench.push({"ok", "wait", "later"});
    ConsumerStatus during;
    const auto result = bench.run([&](Consumer& consumer) {
        bench.when([&] { return bench.handler.running == 1 && bench.handler.seen.size() == 2; },
                   [&] { bench.broker.interrupt_connections(); });
        bench.when([&] { return consumer.status().state == ConsumerState::reconnecting; },
                   [&] {
                       during = consumer.status();
                       bench.handler.release();
                       bench.broker.restore_connections();
                   });
        bench.when([&] { return bench.broker.acked(queue).size() == 3; },
                   [&] { consumer.drain(); });
    });
    CHECK(during.in_flight <= 2);  // the one that ran, and one that waited for its slot
    CHECK(result.handled == 3);
    CHECK_FALSE(result.error);
    CHECK(result.settled);
    CHECK(bench.broker.acked(queue) == std::vector<std::string>{"ok", "wait", "later"});
    CHECK(std::ranges::count(bench.handler.seen, "wait") == 2);
    CHECK(std::ranges::count(bench.handler.seen, "later") == 1);
    CHECK(bench.broker.unsettled(queue) == 0);
}

TEST_CASE("what failed is confirmed in its retry queue before it is acked") {
    LetterBench bench;
    bench.push({"retry", "ok"});
    bench.options.stop.idle = 20ms;
    bench.options.retry.delay = 100ms;
    work::ConsumerStatus during;
    const auto result = bench.run([&](Consumer& consumer) {
        bench.when([&] { return consumer.status().retried == 1; },
                   [&] { during = consumer.status(); });
    });
    CHECK(result.handled == 1);
    CHECK(result.requeued == 1);
    CHECK(during.confirm.count == 1);
    CHECK(result.dead_lettered == 0);
    CHECK(bench.broker.bodies(queue + ".retry.100") == std::vector<std::string>{"retry"});
    CHECK(bench.broker.acked(queue) == std::vector<std::string>{"ok", "retry"});
}

TEST_CASE("a retried message that comes back is the original, one attempt further") {
    LetterBench bench;
    event::Message copy = retry_copy({.exchange = "airy.events",
                                      .topic = "post.updated",
                                      .properties = {},
                                      .has_headers = false,
                                      .headers = {},
                                      .body = "retry"},
                                     {queue, 4, "attempts", "", 1, {}}, queue);
    bench.broker.publisher({})->try_submit(copy);
    bench.options.stop.count = 1;
    const auto result = bench.run();
    CHECK(bench.handler.topics == std::vector<std::string>{"post.updated"});
    CHECK(bench.handler.attempts == std::vector<unsigned>{5});
    CHECK(result.dead_lettered == 1);
    CHECK(bench.dead() == std::vector<std::string>{"retry"});
    CHECK(bench.broker.dead_lettered(queue).empty());  // by a copy, not by the broker
}

TEST_CASE("on-error decides about failures, a reject is a reject") {
    LetterBench bench;
    bench.push({"retry", "reject"});
    bench.options.stop.count = 2;
    SUBCASE("dead-letter") {
        bench.options.retry.on_error = OnError::dead_letter;
        const auto result = bench.run();
        CHECK(result.dead_lettered == 2);
        CHECK(bench.dead().size() == 2);
    }
    SUBCASE("discard") {
        bench.options.retry.on_error = OnError::discard;
        const auto result = bench.run();
        CHECK(result.discarded == 1);
        CHECK(result.dead_lettered == 1);
        CHECK(bench.dead() == std::vector<std::string>{"reject"});
    }
}

TEST_CASE("a copy that no queue takes is made again once, then left to the broker") {
    LetterBench bench;
    bench.push({"reject"});
    bench.options.stop.count = 1;
    bench.broker.topology()->delete_queue(queue + ".dlq", false, false);
    const auto result = bench.run();
    CHECK(result.dead_lettered == 1);
    CHECK(bench.dead() == std::vector<std::string>{"reject"});  // declared again as needed
}

TEST_CASE("a message that was handled is not handled again within the window") {
    Bench bench;
    bench.options.dedup = 1h;
    bench.options.stop.idle = 20ms;
    for (const char* body : {"ok", "requeue", "ok"})
        bench.broker.push(queue, body, "post.published", body);
    bench.options.delivery_limit = 1;
    const auto result = bench.run();
    CHECK(std::ranges::count(bench.handler.seen, "ok") == 1);
    CHECK(std::ranges::count(bench.handler.seen, "requeue") == 2);  // only success counts
    CHECK(result.duplicates == 1);
    CHECK(result.handled == 1);
    CHECK(bench.broker.acked(queue) == std::vector<std::string>{"ok", "ok"});
}

TEST_CASE("an empty message_id names no message") {
    Bench bench;
    bench.options.dedup = 1h;
    bench.options.stop.idle = 20ms;
    for (const char* body : {"a", "b", "c"})
        bench.broker.push(queue, body, "post.published", "");
    const auto result = bench.run();
    CHECK(result.handled == 3);
    CHECK(result.duplicates == 0);
    CHECK(bench.handler.seen == std::vector<std::string>{"a", "b", "c"});
}

TEST_CASE("a message is known to the batch that it came with") {
    Bench bench;
    bench.options.dedup = 1h;
    bench.options.stop.idle = 20ms;
    bench.handler.limit = 10;
    for (const char* id : {"1", "1", "2", "1", "2"})
        bench.broker.push(queue, id, "post.published", id);
    const auto result = bench.run();
    CHECK(bench.handler.seen == std::vector<std::string>{"1", "2"});
    CHECK(result.handled == 2);
    CHECK(result.duplicates == 3);
}

TEST_CASE("messages that look the same do not share what the broker counts of each") {
    LetterBench bench;
    for (int i = 0; i < 30; ++i)
        bench.broker.push(queue, "requeue");
    bench.options.slots = 30;
    const auto result = bench.run([&](Consumer& consumer) {
        bench.when([&] { return bench.handler.seen.size() >= 30; }, [&] { consumer.drain(); });
    });
    CHECK(result.dead_lettered == 0);
    CHECK(bench.broker.ready(queue) == 30);
}

TEST_CASE("a copy can be sent after descriptors had run out") {
    Bench bench;
    WorkQueue work{queue, "airy.events", {"#"}};
    declare_work_queue(*bench.broker.topology(), work);
    pool::Recorder times;
    Courier courier(bench.loop, bench.broker, times);
    event::Message copy;
    copy.topic = queue + ".dlq";
    rlimit limit{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
    std::optional<Error> first;
    std::optional<Error> second;
    const auto send = [&]() -> asio::awaitable<void> {
        // Room for the publisher's own descriptor, and none to watch it by.
        auto few = limit;
        few.rlim_cur = 1 + static_cast<rlim_t>(util::duplicate(bench.signals.fd()).get());
        REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
        first = co_await courier.send(copy, dead_letter_queue_spec(work));
        REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
        second = co_await courier.send(copy, dead_letter_queue_spec(work));
        courier.close(1s);
    };
    asio::co_spawn(bench.loop, send, asio::detached);
    bench.loop.run_for(20s);
    REQUIRE(first);
    CHECK_FALSE(second);
    CHECK(bench.broker.ready(queue + ".dlq") == 1);
}

TEST_CASE("a rate spreads the starts") {
    Bench bench;
    bench.options.rate = 100;
    bench.options.slots = 10;
    for (int i = 0; i < 20; ++i)
        bench.broker.push(queue, "ok");
    bench.options.stop.count = 20;
    const auto begun = std::chrono::steady_clock::now();
    const auto result = bench.run();
    CHECK(result.handled == 20);
    CHECK(std::chrono::steady_clock::now() - begun >= 90ms);
}

TEST_CASE("after failures in a row nothing starts") {
    LetterBench bench;
    bench.options.break_after = 3;
    for (int i = 0; i < 10; ++i)
        bench.broker.push(queue, "reject");
    const auto result = bench.run([&](Consumer& consumer) {
        bench.when([&] { return consumer.status().state == ConsumerState::tripped; },
                   [&] { consumer.drain(); });
    });
    // Not even the one that had been waiting for the slot when the circuit opened.
    CHECK(bench.handler.seen.size() == 3);
    CHECK(result.dead_lettered == 3);
    CHECK(bench.broker.ready(queue) == 7);
}
