// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// How every broker treats a message that waits in a retry queue until it expires.
#include "work_fixture.hpp"

namespace airy::mq {

TEST_CASE("a retry queue gives messages back in order, and counts their passages") {
    for (const std::string type : {"quorum", "classic"}) {
        CAPTURE(type);
        Fixture f;
        const auto work = f.queue("#", {}, type);
        const auto retry =
            f.queue("none.of.these", joined(arguments_of_type(type, work), ttl(100)), type);
        auto publisher = f.publisher();
        publish(*publisher, numbered(f, 1, 10));
        auto subscription = f.subscribe(work);
        for (std::int64_t passages = 0; passages < 3; ++passages) {
            CAPTURE(passages);
            const auto got = deliveries(*subscription, 10);
            CHECK(bodies(got) == "1 2 3 4 5 6 7 8 9 10");
            std::vector<event::Message> copies;
            for (const auto& delivered : got) {
                CHECK_FALSE(delivered.redelivered);
                const auto all = deaths(delivered);
                REQUIRE(all.size() == (passages == 0 ? 0 : 1));
                if (passages > 0) {
                    CHECK(delivered.message.exchange.empty());
                    CHECK(delivered.message.topic == work);
                    CHECK(text(all[0], "reason") == "expired");
                    CHECK(text(all[0], "queue") == retry);
                    CHECK(text(all[0], "exchange").empty());
                    REQUIRE(field(all[0], "count") != nullptr);
                    // RabbitMQ 4 counts anew what a client has published again.
                    const std::int64_t count = f.is_rabbitmq_4() ? 1 : passages;
                    CHECK(*field(all[0], "count") == event::HeaderValue{count});
                }
                copies.push_back(addressed_to(delivered.message, retry));
            }
            publish(*publisher, copies);
            for (const auto& delivered : got)
                subscription->settle(delivered.handle, Disposition::ack);
        }
        CHECK(deliveries(*subscription, 10).size() == 10);
    }
}

TEST_CASE("of two retry queues the one with the shorter delay gives back first") {
    Fixture f;
    const auto work = f.queue("none.of.these");
    const auto slow = f.queue("none.of.these", joined(safe_dead_letter_to(work), ttl(1200)));
    const auto fast = f.queue("none.of.these", joined(safe_dead_letter_to(work), ttl(100)));
    auto publisher = f.publisher();
    publish(*publisher, {addressed_to(f.message("ignored", "slow"), slow),
                         addressed_to(f.message("ignored", "fast"), fast)});
    auto subscription = f.subscribe(work);
    CHECK(bodies(deliveries(*subscription, 2)) == "fast slow");
}

TEST_CASE("a retry's own expiration comes before the queue's, but never before its turn") {
    Fixture f;
    const auto work = f.queue("none.of.these");
    const auto retry = f.queue("none.of.these", joined(safe_dead_letter_to(work), ttl(600'000)));
    auto publisher = f.publisher();
    std::vector<event::Message> messages;
    for (const std::string expiration : {"300", "50"}) {
        messages.push_back(addressed_to(f.message("ignored", expiration), retry));
        messages.back().properties.expiration = expiration;
    }
    publish(*publisher, messages);
    auto subscription = f.subscribe(work);
    const auto got = deliveries(*subscription, 2);
    REQUIRE(bodies(got) == "300 50");
    for (const auto& delivered : got) {
        CHECK_FALSE(delivered.message.properties.expiration);
        CHECK(text(newest_death(delivered), "original-expiration") == delivered.message.body);
    }
}

TEST_CASE("a message that was rejected and then retried tells of both, the newer first") {
    Fixture f;
    const auto last = f.queue("none.of.these", {}, "classic");
    const auto retry = f.queue("none.of.these", joined(dead_letter_to(last), ttl(50)), "classic");
    const auto work = f.queue("#", dead_letter_to(retry), "classic");
    auto publisher = f.publisher();
    publish(*publisher, numbered(f, 1, 1));
    auto subscription = f.subscribe(work);
    const auto got = deliveries(*subscription, 1);
    REQUIRE(got.size() == 1);
    subscription->settle(got[0].handle, Disposition::reject);
    auto end = f.subscribe(last);
    const auto letters = deliveries(*end, 1);
    REQUIRE(letters.size() == 1);
    const auto all = deaths(letters[0]);
    REQUIRE(all.size() == 2);
    CHECK(text(all[0], "queue") == retry);
    CHECK(text(all[0], "reason") == "expired");
    CHECK(text(all[1], "queue") == work);
    CHECK(text(all[1], "reason") == "rejected");
    CHECK(text(letters[0].message.headers, "x-first-death-queue") == work);
    CHECK(text(letters[0].message.headers, "x-first-death-reason") == "rejected");
}

TEST_CASE("a message may circle through its queue as long as a consumer rejects it") {
    Fixture f;
    QueueSpec work;
    work.name = fresh("queue");
    work.type = "classic";
    const auto retry =
        f.queue("none.of.these", joined(dead_letter_to(work.name), ttl(50)), "classic");
    work.arguments = dead_letter_to(retry);
    f.declare(work);
    auto publisher = f.publisher();
    publish(*publisher, {addressed_to(f.message("ignored", "again"), work.name)});
    auto subscription = f.subscribe(work.name);
    for (std::int64_t rejections = 0; rejections < 3; ++rejections) {
        CAPTURE(rejections);
        const auto got = deliveries(*subscription, 1);
        REQUIRE(got.size() == 1);
        const auto all = deaths(got[0]);
        REQUIRE(all.size() == (rejections == 0 ? 0 : 2));
        for (const auto& death : all)
            CHECK(*field(death, "count") == event::HeaderValue{rejections});
        subscription->settle(got[0].handle, Disposition::reject);
    }
}

TEST_CASE("a message that comes back to a queue in which it expired is dropped there") {
    Fixture f;
    const auto witness = f.queue("back", {}, "classic");
    const auto second = f.queue("none.of.these",
                                joined({{"x-dead-letter-exchange", {f.exchange()}},
                                        {"x-dead-letter-routing-key", {std::string("back")}}},
                                       ttl(50)),
                                "classic");
    const auto first = f.queue("back", joined(dead_letter_to(second), ttl(50)), "classic");
    auto publisher = f.publisher();
    auto subscription = f.subscribe(witness);
    // If the message were not dropped, the witness would get it again before the next one.
    for (const std::string body : {"1", "2", "3"}) {
        publish(*publisher, {addressed_to(f.message("ignored", body), first)});
        CHECK(acked_one_by_one(*subscription, 1) == body);
    }
    CHECK(ready(f, first) == 0);
    CHECK(ready(f, second) == 0);
}

TEST_CASE("a copy for a retry queue that is not there is Unroutable") {
    Fixture f;
    auto publisher = f.publisher();
    auto message = addressed_to(f.message("ignored"), fresh("missing"));
    REQUIRE(publisher->try_submit(message) != 0);
    const auto events = outcomes(*publisher, 1);
    REQUIRE(events.size() == 1);
    CHECK(std::holds_alternative<Unroutable>(events[0]));
}

}  // namespace airy::mq
