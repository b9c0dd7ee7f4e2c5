// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// How every broker treats a message that is rejected, or returned too often.
#include "work_fixture.hpp"

namespace airy::mq {

TEST_CASE("a rejected message keeps body, properties and header types as a dead letter") {
    for (const std::string type : {"quorum", "classic"}) {
        CAPTURE(type);
        Fixture f;
        const auto dead = f.queue("none.of.these", {}, type);
        const auto work = f.queue("#", arguments_of_type(type, dead), type);
        const auto sent = full_message(f);
        auto publisher = f.publisher();
        publish(*publisher, {sent});
        auto subscription = f.subscribe(work);
        const auto got = deliveries(*subscription, 1);
        REQUIRE(got.size() == 1);
        subscription->settle(got[0].handle, Disposition::reject);

        auto graves = f.subscribe(dead);
        const auto letters = deliveries(*graves, 1);
        REQUIRE(letters.size() == 1);
        const auto& letter = letters[0].message;
        CHECK(letter.exchange.empty());
        CHECK(letter.topic == dead);
        CHECK(letter.body == sent.body);
        CHECK(letter.properties == sent.properties);
        // RabbitMQ 4.0 leaves the source's count of deliveries in the message.
        CHECK(letters[0].redelivered == (type == "quorum" && f.is_rabbitmq_4()));
        for (const auto& header : sent.headers) {
            CAPTURE(header.first);
            const auto* kept = field(letter.headers, header.first);
            REQUIRE(kept != nullptr);
            CHECK(*kept == header.second);
        }
        const auto all = deaths(letters[0]);
        REQUIRE(all.size() == 1);
        CHECK(text(all[0], "reason") == "rejected");
        CHECK(text(all[0], "queue") == work);
        CHECK(text(all[0], "exchange") == f.exchange());
        REQUIRE(field(all[0], "count") != nullptr);
        CHECK(*field(all[0], "count") == event::HeaderValue{std::int64_t{1}});
        REQUIRE(field(all[0], "time") != nullptr);
        CHECK(std::holds_alternative<event::HeaderTimestamp>(field(all[0], "time")->value));
        REQUIRE(field(all[0], "routing-keys") != nullptr);
        CHECK(*field(all[0], "routing-keys") ==
              event::HeaderValue{event::HeaderArray{{sent.topic}}});
        CHECK(text(letter.headers, "x-first-death-reason") == "rejected");
        CHECK(text(letter.headers, "x-first-death-queue") == work);
        CHECK(text(letter.headers, "x-first-death-exchange") == f.exchange());
    }
}

TEST_CASE("dead letters keep the order of the queue") {
    Fixture f;
    const auto dead = f.queue("none.of.these");
    const auto work = f.queue("#", safe_dead_letter_to(dead));
    auto publisher = f.publisher();
    publish(*publisher, numbered(f, 1, 20));
    auto subscription = f.subscribe(work);
    for (const auto& delivered : deliveries(*subscription, 20))
        subscription->settle(delivered.handle, Disposition::reject);
    auto graves = f.subscribe(dead);
    CHECK(bodies(deliveries(*graves, 20)) == "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20");
}

TEST_CASE("a dead letter keeps its topic where the queue names none") {
    Fixture f;
    const auto dead = f.queue("none.of.these", {}, "classic");
    const auto work =
        f.queue("none.of.these", {{"x-dead-letter-exchange", {f.exchange()}}}, "classic");
    auto publisher = f.publisher();
    publish(*publisher, {addressed_to(f.message("ignored", "direct"), work)});
    f.topology().bind(dead, f.exchange(), work);
    auto subscription = f.subscribe(work);
    const auto got = deliveries(*subscription, 1);
    REQUIRE(got.size() == 1);
    subscription->settle(got[0].handle, Disposition::reject);
    auto graves = f.subscribe(dead);
    const auto letters = deliveries(*graves, 1);
    REQUIRE(letters.size() == 1);
    CHECK(letters[0].message.topic == work);
    CHECK(letters[0].message.exchange == f.exchange());
    CHECK(text(newest_death(letters[0]), "exchange").empty());
}

TEST_CASE("a rejected message of a queue without a dead-letter exchange is gone") {
    Fixture f;
    const auto work = f.queue("#");
    auto publisher = f.publisher();
    publish(*publisher, numbered(f, 1, 2));
    auto subscription = f.subscribe(work);
    const auto got = deliveries(*subscription, 2);
    REQUIRE(got.size() == 2);
    subscription->settle(got[0].handle, Disposition::reject);
    subscription->settle(got[1].handle, Disposition::requeue);
    CHECK(subscription->close(close_deadline));
    auto second = f.subscribe(work);
    CHECK(acked_one_by_one(*second, 1) == "2");
    CHECK(second->close(close_deadline));
    CHECK(becomes_ready(f, work, 0));
}

TEST_CASE("a message beyond the delivery limit is a dead letter with all it had") {
    Fixture f;
    const auto dead = f.queue("none.of.these");
    const auto work = f.queue("#", joined(safe_dead_letter_to(dead), delivery_limit(1)));
    const auto sent = full_message(f);
    auto publisher = f.publisher();
    publish(*publisher, {sent});
    auto subscription = f.subscribe(work);
    for (int delivery = 0; delivery < 2; ++delivery) {
        const auto got = deliveries(*subscription, 1);
        REQUIRE(got.size() == 1);
        subscription->settle(got[0].handle, Disposition::requeue);
    }
    auto graves = f.subscribe(dead);
    const auto letters = deliveries(*graves, 1);
    REQUIRE(letters.size() == 1);
    CHECK(letters[0].message.body == sent.body);
    CHECK(letters[0].message.properties == sent.properties);
    for (const auto& header : sent.headers) {
        CAPTURE(header.first);
        const auto* kept = field(letters[0].message.headers, header.first);
        REQUIRE(kept != nullptr);
        CHECK(*kept == header.second);
    }
    CHECK(text(newest_death(letters[0]), "reason") == "delivery_limit");
    CHECK(text(newest_death(letters[0]), "queue") == work);
    CHECK(becomes_ready(f, work, 0));
}

}  // namespace airy::mq
