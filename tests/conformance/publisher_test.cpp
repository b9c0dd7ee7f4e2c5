// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "event/topic.hpp"
#include "fixture.hpp"

#include <set>

namespace airy::mq {

TEST_CASE("a message arrives as it was sent: properties, header types, bytes") {
    Fixture f;
    const auto queue = f.queue("post.*");
    auto sent = f.message("post.published", std::string("{\"a\":1}\0\xff\n\r\t", 13));
    sent.properties = {.content_type = "application/json",
                       .content_encoding = "identity",
                       .delivery_mode = 2,
                       .priority = 3,
                       .correlation_id = "c-1",
                       .reply_to = "answers",
                       .expiration = "60000000",
                       .message_id = "m-1",
                       .timestamp = 1'700'000'000,
                       .type = "post.published",
                       .user_id = std::nullopt,
                       .app_id = "airy-tools",
                       .cluster_id = std::nullopt};
    sent.has_headers = true;
    sent.headers = headers_of_every_type();
    auto publisher = f.publisher();
    publish(*publisher, {sent});

    auto subscription = f.subscribe(queue);
    const auto got = deliveries(*subscription, 1);
    REQUIRE(got.size() == 1);
    CHECK(got[0].message.exchange == f.exchange());
    CHECK(got[0].message.topic == sent.topic);
    CHECK(got[0].message.body == sent.body);
    CHECK(got[0].message.properties == sent.properties);
    CHECK(got[0].message.has_headers);
    CHECK(test::by_name(got[0].message.headers) == test::by_name(sent.headers));
    CHECK(got[0].queue == queue);
    CHECK_FALSE(got[0].redelivered);
    subscription->settle(got[0].handle, Disposition::ack);
    CHECK(subscription->close(close_deadline));
}

TEST_CASE("bodies of any size, also empty") {
    Fixture f;
    const auto queue = f.queue("#");
    std::vector<event::Message> messages;
    for (const std::size_t size : {0, 1, 131'063, 131'064, 131'065, 1'000'000}) {
        std::string body(size, 'x');
        for (std::size_t i = 0; i < size; i += 97)
            body[i] = static_cast<char>(i);
        messages.push_back(f.message("post.published", body));
    }
    auto publisher = f.publisher();
    publish(*publisher, messages);
    auto subscription = f.subscribe(queue);
    const auto got = deliveries(*subscription, messages.size());
    REQUIRE(got.size() == messages.size());
    for (std::size_t i = 0; i < got.size(); ++i)
        CHECK(got[i].message.body == messages[i].body);
}

TEST_CASE("order is kept through a small window, and every message has one outcome") {
    Fixture f;
    const auto queue = f.queue("#");
    std::vector<event::Message> messages;
    for (int i = 0; i < 2000; ++i)
        messages.push_back(f.message("post.published", std::to_string(i)));
    auto publisher = f.publisher(16);
    publish(*publisher, messages);
    auto subscription = f.subscribe(queue, 50);
    for (int next = 0; next < 2000;) {
        const auto got = deliveries(*subscription, 1);
        REQUIRE_FALSE(got.empty());
        for (const auto& delivered : got) {
            REQUIRE(delivered.message.body == std::to_string(next++));
            subscription->settle(delivered.handle, Disposition::ack);
        }
    }
    CHECK(subscription->close(close_deadline));
    CHECK(ready(f, queue) == 0);
}

TEST_CASE("a full window takes no more and leaves the message as it was") {
    Fixture f;
    f.queue("#");
    auto publisher = f.publisher(1);
    auto message = f.message("post.published", "kept");
    std::uint64_t sequence = 0;
    bool refused = false;
    for (int i = 0; i < 1000 && !refused; ++i) {
        auto copy = message;
        const auto given = publisher->try_submit(copy);
        if (given == 0) {
            refused = true;
            CHECK(copy == message);
        } else {
            CHECK(given == ++sequence);
            CHECK(publisher->in_flight() <= 1);
        }
    }
    CHECK(refused);
    CHECK(outcomes(*publisher, sequence).size() == sequence);
}

TEST_CASE("a message that reaches no queue is Unroutable and not Confirmed") {
    Fixture f;
    f.queue("post.published");
    auto publisher = f.publisher();
    auto routed = f.message("post.published");
    auto lost = f.message("user.registered");
    CHECK(publisher->try_submit(routed) == 1);
    CHECK(publisher->try_submit(lost) == 2);
    CHECK(publisher->try_submit(routed = f.message("post.published")) == 3);
    const auto events = outcomes(*publisher, 3);
    REQUIRE(events.size() == 3);
    CHECK(publisher->take().empty());
    std::set<std::uint64_t> confirmed;
    for (const auto& event : events) {
        if (const auto* good = std::get_if<Confirmed>(&event)) confirmed.insert(good->sequence);
        if (const auto* bad = std::get_if<Unroutable>(&event)) CHECK(bad->sequence == 2);
    }
    CHECK(confirmed == std::set<std::uint64_t>{1, 3});
}

TEST_CASE("patterns route as event::matches says") {
    Fixture f;
    const std::vector<std::string> topics = {"post.published",  "post.updated",
                                             "comment.created", "post",
                                             "a.b.c",           "post.published.late"};
    for (const std::string pattern :
         {"post.published", "post.*", "*.created", "#", "post.#", "*.*", "#.created", "*.b.*"}) {
        CAPTURE(pattern);
        auto subscription = f.listen({pattern});
        auto publisher = f.publisher();
        std::size_t expected = 0;
        for (const auto& topic : topics) {
            auto message = f.message(topic);
            publisher->try_submit(message);
            expected += event::matches(pattern, topic);
        }
        // Outcomes come after routing, so no message can still be on the way to the queue.
        REQUIRE(outcomes(*publisher, topics.size()).size() == topics.size());
        const auto got = deliveries(*subscription, expected);
        CHECK(got.size() == expected);
        for (const auto& delivered : got)
            CHECK(event::matches(pattern, delivered.message.topic));
    }
}

TEST_CASE("a queue bound twice takes a message once; each listener has its own copy") {
    Fixture f;
    auto one = f.listen({"post.*", "#", "*.published"});
    auto two = f.listen({"#"});
    CHECK(one->queue() != two->queue());
    auto publisher = f.publisher();
    publish(*publisher, {f.message("post.published", "1"), f.message("post.published", "2")});
    CHECK(deliveries(*one, 2).size() == 2);
    CHECK(deliveries(*two, 2).size() == 2);
    CHECK(one->take().empty());
}

}  // namespace airy::mq
