// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "fixture.hpp"

namespace airy::mq {

TEST_CASE("a message waits out its queue's time and then moves on with its x-death") {
    Fixture f;
    const auto work = f.queue("none.of.these");
    auto arguments = dead_letter_to(work);
    arguments.push_back({"x-message-ttl", {std::int64_t{150}}});
    const auto retry = f.queue("#", arguments);
    auto subscription = f.subscribe(work);
    auto publisher = f.publisher();
    const auto before = std::chrono::steady_clock::now();
    publish(*publisher, {f.message("post.published", "late")});
    const auto got = deliveries(*subscription, 1);
    REQUIRE(got.size() == 1);
    CHECK(std::chrono::steady_clock::now() - before >= 150ms);
    CHECK(got[0].message.body == "late");
    CHECK(got[0].message.topic == work);
    CHECK(got[0].message.exchange.empty());
    CHECK_FALSE(got[0].redelivered);
    CHECK(text(newest_death(got[0]), "reason") == "expired");
    CHECK(text(newest_death(got[0]), "queue") == retry);
    CHECK(text(newest_death(got[0]), "exchange") == f.exchange());
    CHECK(text(got[0].message.headers, "x-first-death-reason") == "expired");
    CHECK(text(got[0].message.headers, "x-first-death-queue") == retry);
    CHECK(ready(f, retry) == 0);
}

TEST_CASE("a consumer's retry queues work as declared") {
    Fixture f;
    const auto work = f.queue("none.of.these");
    auto arguments = dead_letter_to(work);
    for (const auto& more :
         event::HeaderTable{{"x-message-ttl", {std::int64_t{100}}},
                            {"x-expires", {std::int64_t{60'000}}},
                            {"x-dead-letter-strategy", {std::string("at-least-once")}},
                            {"x-overflow", {std::string("reject-publish")}}})
        arguments.push_back(more);
    f.queue("#", arguments);
    auto publisher = f.publisher();
    std::vector<event::Message> messages;
    for (int i = 0; i < 20; ++i)
        messages.push_back(f.message("post.published", std::to_string(i)));
    publish(*publisher, messages);
    REQUIRE(becomes_ready(f, work, 20));
    auto subscription = f.subscribe(work);
    const auto got = deliveries(*subscription, 20);
    REQUIRE(got.size() == 20);
    for (int i = 0; i < 20; ++i)
        CHECK(got[static_cast<std::size_t>(i)].message.body == std::to_string(i));
}

TEST_CASE("a message's own expiration ends its wait, and its x-death tells it") {
    Fixture f;
    const auto dead = f.queue("none.of.these");
    f.queue("#", dead_letter_to(dead), "classic");
    auto publisher = f.publisher();
    auto message = f.message("post.published", "short");
    message.properties.expiration = "50";
    publish(*publisher, {message});
    auto subscription = f.subscribe(dead);
    const auto got = deliveries(*subscription, 1);
    REQUIRE(got.size() == 1);
    CHECK_FALSE(got[0].message.properties.expiration);
    CHECK(text(newest_death(got[0]), "original-expiration") == "50");
    CHECK(text(newest_death(got[0]), "reason") == "expired");
}

TEST_CASE("ten years is the longest time to wait") {
    constexpr std::int64_t longest = 315'360'000'000;  // milliseconds
    Fixture f;
    const auto queue = f.queue("#");
    auto publisher = f.publisher();
    auto message = f.message("post.published");
    message.properties.expiration = std::to_string(longest);
    publish(*publisher, {message});
    for (const std::string beyond : {"315360000001", "9223372036854775807", "-1", "soon"}) {
        CAPTURE(beyond);
        message.properties.expiration = beyond;
        CHECK(fails_with(ErrorKind::invalid_event, [&] { publisher->try_submit(message); }));
    }
    CHECK(publisher->in_flight() == 0);
    CHECK(ready(f, queue) == 1);
    for (const std::string argument : {"x-message-ttl", "x-expires"}) {
        CAPTURE(argument);
        CHECK_NOTHROW(f.queue("#", {{argument, {longest}}}));
        CHECK_THROWS_AS(f.queue("#", {{argument, {longest + 1}}}), Error);
    }
}

TEST_CASE("a message returned beyond the delivery limit is dead-lettered") {
    Fixture f;
    const auto dead = f.queue("none.of.these");
    auto arguments = dead_letter_to(dead);
    arguments.push_back({"x-delivery-limit", {std::int64_t{2}}});
    const auto queue = f.queue("#", arguments);
    auto publisher = f.publisher();
    publish(*publisher, {f.message("post.published", "poison")});
    auto subscription = f.subscribe(queue);
    for (std::int64_t delivery = 0; delivery <= 2; ++delivery) {
        const auto got = deliveries(*subscription, 1);
        REQUIRE(got.size() == 1);
        const auto* count = field(got[0].message.headers, "x-delivery-count");
        CHECK((count != nullptr) == (delivery > 0));
        if (count) CHECK(*count == event::HeaderValue{delivery});
        subscription->settle(got[0].handle, Disposition::requeue);
    }
    auto graves = f.subscribe(dead);
    const auto got = deliveries(*graves, 1);
    REQUIRE(got.size() == 1);
    CHECK(text(newest_death(got[0]), "reason") == "delivery_limit");
    CHECK(field(got[0].message.headers, "x-delivery-count") == nullptr);
}

TEST_CASE("a full queue dead-letters from its head, or refuses new messages") {
    Fixture f;
    const auto dead = f.queue("none.of.these");
    auto arguments = dead_letter_to(dead);
    arguments.push_back({"x-max-length", {std::int64_t{2}}});
    const auto queue = f.queue("post.*", arguments, "classic");
    const auto strict = f.queue(
        "user.*",
        {{"x-max-length", {std::int64_t{1}}}, {"x-overflow", {std::string("reject-publish")}}},
        "classic");
    auto publisher = f.publisher();
    publish(*publisher, {f.message("post.published", "1"), f.message("post.published", "2"),
                         f.message("post.published", "3"), f.message("user.registered", "4")});
    auto graves = f.subscribe(dead);
    const auto got = deliveries(*graves, 1);
    REQUIRE(got.size() == 1);
    CHECK(got[0].message.body == "1");
    CHECK(text(newest_death(got[0]), "reason") == "maxlen");
    CHECK(ready(f, queue) == 2);

    auto message = f.message("user.registered", "5");
    publisher->try_submit(message);
    const auto events = outcomes(*publisher, 1);
    REQUIRE(events.size() == 1);
    CHECK(std::holds_alternative<Refused>(events[0]));
    CHECK(ready(f, strict) == 1);
}

TEST_CASE("a queue with priorities delivers higher ones first") {
    Fixture f;
    const auto queue = f.queue("#", {{"x-max-priority", {std::int64_t{5}}}}, "classic");
    auto publisher = f.publisher();
    std::vector<event::Message> messages;
    for (const int priority : {1, 9, 0, 3, 9, 3}) {
        messages.push_back(f.message("post.published", std::to_string(messages.size())));
        messages.back().properties.priority = static_cast<std::uint8_t>(priority);
    }
    publish(*publisher, messages);
    auto subscription = f.subscribe(queue, 1);
    std::string order;
    for (int i = 0; i < 6; ++i) {
        const auto got = deliveries(*subscription, 1);
        REQUIRE(got.size() == 1);
        order += got[0].message.body;
        subscription->settle(got[0].handle, Disposition::ack);
    }
    CHECK(order == "143502");
}

TEST_CASE("a queue unused for its time is deleted") {
    Fixture f;
    const auto queue = f.queue("#", {{"x-expires", {std::int64_t{200}}}}, "classic");
    // Publishing does not count as use; checking the queue might.
    auto publisher = f.publisher(1);
    const auto deadline = std::chrono::steady_clock::now() + patience;
    bool gone = false;
    while (!gone && std::chrono::steady_clock::now() < deadline) {
        auto message = f.message(queue);
        message.exchange.clear();
        publisher->try_submit(message);
        const auto events = outcomes(*publisher, 1);
        REQUIRE(events.size() == 1);
        gone = std::holds_alternative<Unroutable>(events[0]);
    }
    CHECK(gone);
    f.forget(queue);
}

}  // namespace airy::mq
