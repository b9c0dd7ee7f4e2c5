// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "fixture.hpp"

#include <random>
#include <set>
#include <utility>

#include "mq/quiet_check.hpp"

namespace airy::mq {

TEST_CASE("requeue brings a message again, marked; ack and close leave nothing behind") {
    Fixture f;
    const auto queue = f.queue("#");
    auto publisher = f.publisher();
    publish(*publisher, {f.message("post.published", "again")});
    auto subscription = f.subscribe(queue);
    auto got = deliveries(*subscription, 1);
    REQUIRE(got.size() == 1);
    subscription->settle(got[0].handle, Disposition::requeue);
    got = deliveries(*subscription, 1);
    REQUIRE(got.size() == 1);
    CHECK(got[0].redelivered);
    CHECK(got[0].message.body == "again");
    subscription->settle(got[0].handle, Disposition::ack);
    CHECK(subscription->close(close_deadline));
    CHECK(becomes_ready(f, queue, 0));
}

TEST_CASE("reject moves a message to the queue's dead-letter queue") {
    Fixture f;
    const auto dead = f.queue("none.of.these");
    const auto queue = f.queue(
        "#", {{"x-dead-letter-exchange", {std::string()}}, {"x-dead-letter-routing-key", {dead}}});
    auto publisher = f.publisher();
    publish(*publisher, {f.message("post.published", "bad"), f.message("post.published", "good")});
    auto subscription = f.subscribe(queue);
    const auto got = deliveries(*subscription, 2);
    REQUIRE(got.size() == 2);
    subscription->settle(got[0].handle, Disposition::reject);
    subscription->settle(got[1].handle, Disposition::ack);
    auto graves = f.subscribe(dead);
    const auto buried = deliveries(*graves, 1);
    REQUIRE(buried.size() == 1);
    CHECK(buried[0].message.body == "bad");
    CHECK(subscription->close(close_deadline));
    CHECK(ready(f, queue) == 0);
}

TEST_CASE("a count comes behind the deliveries before it, and after the settlements") {
    Fixture f;
    const auto queue = f.queue("#");
    auto publisher = f.publisher();
    publish(*publisher, std::vector<event::Message>(3, f.message("post.published")));
    auto subscription = f.subscribe(queue, 2);
    QuietCheck check([&subscription] { return subscription->count(); });
    std::vector<Delivered> got;
    const auto check_quiet = [&] {
        check.begin();
        const auto deadline = std::chrono::steady_clock::now() + patience;
        while (check.under_way() && std::chrono::steady_clock::now() < deadline) {
            pollfd waiting{subscription->event_fd(), POLLIN, 0};
            ::poll(&waiting, 1, 100);
            for (auto& event : subscription->take()) {
                if (const auto* counted = std::get_if<Counted>(&event))
                    check.take(*counted);
                else
                    got.push_back(std::get<Delivered>(std::move(event)));
            }
        }
    };
    check_quiet();
    CHECK(got.size() == 2);
    CHECK(check.ready() == 1U);
    for (const auto& delivered : got)
        subscription->settle(delivered.handle, Disposition::ack);
    // A quorum queue has read the acks, and makes room a little later.
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (check.ready() != 0U && std::chrono::steady_clock::now() < deadline)
        check_quiet();
    CHECK(got.size() == 3);
    CHECK(check.ready() == 0U);
}

TEST_CASE("no more unsettled deliveries than prefetch") {
    Fixture f;
    const auto queue = f.queue("#");
    auto publisher = f.publisher();
    publish(*publisher, std::vector<event::Message>(50, f.message("post.published")));
    auto subscription = f.subscribe(queue, 7);
    auto got = deliveries(*subscription, 8, 1s);
    REQUIRE(got.size() == 7);
    CHECK(becomes_ready(f, queue, 43));
    for (const auto& delivered : got)
        subscription->settle(delivered.handle, Disposition::ack);
    CHECK(deliveries(*subscription, 7).size() == 7);
}

TEST_CASE("the prefetch can be raised and lowered, also while messages are held") {
    Fixture f;
    const auto queue = f.queue("#");
    auto publisher = f.publisher();
    publish(*publisher, std::vector<event::Message>(50, f.message("post.published")));
    auto subscription = f.subscribe(queue, 2);
    auto held = deliveries(*subscription, 2);
    subscription->set_prefetch(20);
    // At least `most` in all, at most `most` beside the ones held before.
    auto more = deliveries(*subscription, 18);
    CHECK(more.size() >= 18);
    subscription->set_prefetch(1);
    std::size_t settled = 0;
    for (auto batch = std::move(held); !batch.empty(); batch = std::exchange(more, {})) {
        for (const auto& delivered : batch) {
            CHECK_FALSE(delivered.redelivered);
            subscription->settle(delivered.handle, Disposition::ack);
        }
        settled += batch.size();
    }
    while (settled < 50) {
        const auto next = deliveries(*subscription, 1);
        REQUIRE_FALSE(next.empty());
        for (const auto& delivered : next)
            subscription->settle(delivered.handle, Disposition::ack);
        settled += next.size();
    }
    CHECK(subscription->close(10s));
    CHECK(becomes_ready(f, queue, 0));
}

TEST_CASE("changes of the prefetch return nothing that was on its way") {
    Fixture f;
    const auto queue = f.queue("#");
    auto publisher = f.publisher();
    constexpr std::size_t count = 3000;
    publish(*publisher, std::vector<event::Message>(count, f.message("post.published")));
    auto subscription = f.subscribe(queue, 4);
    std::size_t settled = 0;
    std::size_t returned = 0;
    for (std::uint16_t change = 0; settled < count;) {
        const auto next = deliveries(*subscription, 1);
        REQUIRE_FALSE(next.empty());
        for (const auto& delivered : next) {
            if (delivered.redelivered) ++returned;
            subscription->settle(delivered.handle, Disposition::ack);
            if (++settled % 25 == 0) subscription->set_prefetch(++change % 2 == 0 ? 4 : 40);
        }
    }
    CHECK(returned == 0);
    CHECK(subscription->close(10s));
    CHECK(becomes_ready(f, queue, 0));
}

TEST_CASE("settling in any order settles each message") {
    Fixture f;
    const auto queue = f.queue("#");
    auto publisher = f.publisher();
    publish(*publisher, std::vector<event::Message>(500, f.message("post.published")));
    auto subscription = f.subscribe(queue, 100);
    std::mt19937 random(42);
    std::vector<Delivered> held;
    for (std::size_t settled = 0; settled < 500;) {
        for (auto& delivered : deliveries(*subscription, held.empty() ? 1 : 0))
            held.push_back(std::move(delivered));
        REQUIRE_FALSE(held.empty());
        std::ranges::shuffle(held, random);
        const auto part = (held.size() + 1) / 2;
        for (std::size_t i = 0; i < part; ++i) {
            subscription->settle(held.back().handle, Disposition::ack);
            held.pop_back();
            ++settled;
        }
    }
    CHECK(subscription->close(close_deadline));
    CHECK(becomes_ready(f, queue, 0));
}

TEST_CASE("closing gives back the unsettled messages, and no others") {
    Fixture f;
    const auto queue = f.queue("#");
    auto publisher = f.publisher();
    std::vector<event::Message> messages;
    for (int i = 0; i < 10; ++i)
        messages.push_back(f.message("post.published", std::to_string(i)));
    publish(*publisher, messages);
    auto subscription = f.subscribe(queue);
    const auto got = deliveries(*subscription, 10);
    REQUIRE(got.size() == 10);
    for (const std::size_t index : {1, 4, 9})
        subscription->settle(got[index].handle, Disposition::ack);
    CHECK(subscription->close(close_deadline));
    REQUIRE(becomes_ready(f, queue, 7));

    auto second = f.subscribe(queue);
    std::set<std::string> bodies;
    for (const auto& delivered : deliveries(*second, 7)) {
        CHECK(delivered.redelivered);
        bodies.insert(delivered.message.body);
    }
    CHECK(bodies == std::set<std::string>{"0", "2", "3", "5", "6", "7", "8"});
}

TEST_CASE("a stopped subscription takes no more, and still settles") {
    Fixture f;
    const auto queue = f.queue("#");
    auto publisher = f.publisher();
    publish(*publisher, {f.message("post.published", "first")});
    auto subscription = f.subscribe(queue, 1);
    const auto got = deliveries(*subscription, 1);
    REQUIRE(got.size() == 1);
    subscription->stop();
    publish(*publisher, {f.message("post.published", "second")});
    subscription->settle(got[0].handle, Disposition::ack);
    CHECK(subscription->close(close_deadline));
    CHECK(becomes_ready(f, queue, 1));
}

TEST_CASE("subscriptions of one queue share its work") {
    Fixture f;
    const auto queue = f.queue("#");
    auto one = f.subscribe(queue, 10);
    auto two = f.subscribe(queue, 10);
    auto publisher = f.publisher();
    std::vector<event::Message> messages;
    for (int i = 0; i < 20; ++i)
        messages.push_back(f.message("post.published", std::to_string(i)));
    publish(*publisher, messages);
    std::multiset<std::string> bodies;
    for (auto* subscription : {one.get(), two.get()})
        for (const auto& delivered : deliveries(*subscription, 10))
            bodies.insert(delivered.message.body);
    CHECK(bodies.size() == 20);
    CHECK(std::set<std::string>(bodies.begin(), bodies.end()).size() == 20);
}

TEST_CASE("of a queue with a single active consumer, the first one gets all; then the next one") {
    Fixture f;
    for (const char* type : {"quorum", "classic"}) {
        CAPTURE(type);
        const auto queue = f.queue("#", {{"x-single-active-consumer", {true}}}, type);
        auto one = f.subscribe(queue, 10);
        auto two = f.subscribe(queue, 2);
        auto publisher = f.publisher();
        for (int i = 0; i < 5; ++i)
            publish(*publisher, {f.message("post.published", std::to_string(i))});
        const auto first = deliveries(*one, 5);
        REQUIRE(first.size() == 5);
        CHECK(first[4].message.body == "4");
        two->count();
        const auto events = take_until(*two, [](const auto& all) { return !all.empty(); });
        REQUIRE(events.size() == 1);
        CHECK(std::holds_alternative<Counted>(events[0]));
        one->settle(first[0].handle, Disposition::ack);
        one->settle(first[1].handle, Disposition::ack);
        CHECK(one->close(close_deadline));
        std::string rest;
        for (int i = 0; i < 3; ++i) {
            const auto got = deliveries(*two, 1);
            REQUIRE(!got.empty());
            for (const auto& delivered : got) {
                rest += delivered.message.body;
                two->settle(delivered.handle, Disposition::ack);
            }
            if (rest.size() == 3) break;
        }
        CHECK(rest == "234");
        CHECK(two->close(close_deadline));
        f.topology().unbind(queue, f.exchange(), "#");
    }
}

}  // namespace airy::mq
