// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// How every broker treats messages that a consumer holds: returned, given back by a close, settled
// late.
#include "work_fixture.hpp"

namespace airy::mq {

TEST_CASE("returns are counted on quorum queues: each requeue and each close") {
    Fixture f;
    const auto work = f.queue("#", delivery_limit(20));
    auto publisher = f.publisher();
    publish(*publisher, numbered(f, 1, 1));
    std::int64_t returns = 0;
    for (int subscriptions = 0; subscriptions < 3; ++subscriptions) {
        auto subscription = f.subscribe(work);
        for (int deliveries_left = 3; deliveries_left > 0; --deliveries_left, ++returns) {
            CAPTURE(returns);
            const auto got = deliveries(*subscription, 1);
            REQUIRE(got.size() == 1);
            CHECK(got[0].redelivered == (returns > 0));
            CHECK(delivery_count(got[0]) ==
                  (returns == 0 ? event::HeaderValue{} : event::HeaderValue{returns}));
            if (deliveries_left > 1) subscription->settle(got[0].handle, Disposition::requeue);
        }
        CHECK(subscription->close(close_deadline));  // gives back the last delivery
    }
    CHECK(becomes_ready(f, work, 1));
}

TEST_CASE("returns are not counted on classic queues") {
    Fixture f;
    const auto work = f.queue("#", {}, "classic");
    auto publisher = f.publisher();
    publish(*publisher, numbered(f, 1, 1));
    auto subscription = f.subscribe(work);
    for (int returns = 0; returns < 3; ++returns) {
        const auto got = deliveries(*subscription, 1);
        REQUIRE(got.size() == 1);
        CHECK(got[0].redelivered == (returns > 0));
        CHECK(delivery_count(got[0]) == event::HeaderValue{});
        CHECK(got[0].message.has_headers == false);
        subscription->settle(got[0].handle, Disposition::requeue);
    }
}

TEST_CASE("where a requeued message comes back depends on the queue's type and limit") {
    struct Row {
        std::string type;
        event::HeaderTable arguments;
        std::string after;  // order after requeuing the first of three
    };
    const std::vector<Row> rows{
        {"classic", {}, "1 2 3"},
        {"quorum", delivery_limit(20), "1 2 3"},
        {"quorum", {}, "2 3 1"},
    };
    for (const auto& row : rows) {
        CAPTURE(row.type);
        CAPTURE(row.arguments.size());
        Fixture f;
        const auto work = f.queue("#", row.arguments, row.type);
        auto publisher = f.publisher();
        publish(*publisher, numbered(f, 1, 3));
        auto subscription = f.subscribe(work, 1);
        const auto got = deliveries(*subscription, 1);
        REQUIRE(bodies(got) == "1");
        subscription->settle(got[0].handle, Disposition::requeue);
        const bool limited = f.is_rabbitmq_4() && row.arguments.empty();  // by default
        CHECK(acked_one_by_one(*subscription, 3) == (limited ? "1 2 3" : row.after));
    }
}

TEST_CASE("a close gives back unsettled messages in order, before newer ones") {
    struct Row {
        std::string type;
        event::HeaderTable arguments;
    };
    for (const auto& row :
         {Row{"classic", {}}, Row{"quorum", {}}, Row{"quorum", delivery_limit(20)}}) {
        CAPTURE(row.type);
        CAPTURE(row.arguments.size());
        Fixture f;
        const auto work = f.queue("#", row.arguments, row.type);
        auto publisher = f.publisher();
        publish(*publisher, numbered(f, 1, 5));
        auto subscription = f.subscribe(work, 5);
        const auto got = deliveries(*subscription, 5);
        REQUIRE(got.size() == 5);
        publish(*publisher, numbered(f, 6, 7));
        subscription->settle(got[1].handle, Disposition::ack);
        subscription->settle(got[3].handle, Disposition::ack);
        CHECK(subscription->close(close_deadline));
        REQUIRE(becomes_ready(f, work, 5));
        auto second = f.subscribe(work, 1);
        CHECK(acked_one_by_one(*second, 5) == "1 3 5 6 7");
    }
}

TEST_CASE("a prefetch of 0 sets no limit") {
    Fixture f;
    const auto work = f.queue("#");
    auto publisher = f.publisher();
    publish(*publisher, numbered(f, 1, 1200));
    auto subscription = f.subscribe(work, 0);
    const auto got = deliveries(*subscription, 1200);
    CHECK(got.size() == 1200);
    CHECK(ready(f, work) == 0);
    for (const auto& delivered : got)
        subscription->settle(delivered.handle, Disposition::ack);
    CHECK(subscription->close(close_deadline));
    CHECK(becomes_ready(f, work, 0));
}

TEST_CASE("a raised prefetch brings further messages without a settlement") {
    Fixture f;
    const auto work = f.queue("#");
    auto publisher = f.publisher();
    publish(*publisher, numbered(f, 1, 10));
    auto subscription = f.subscribe(work, 1);
    REQUIRE(bodies(deliveries(*subscription, 1)) == "1");
    subscription->set_prefetch(4);
    CHECK(bodies(deliveries(*subscription, 3)).starts_with("2 3 4"));
    CHECK(subscription->close(close_deadline));
    CHECK(becomes_ready(f, work, 10));
}

TEST_CASE("a delivery handle settles once, and only at its own subscription") {
    Fixture f;
    const auto dead = f.queue("none.of.these");
    const auto work = f.queue("#", joined(safe_dead_letter_to(dead), delivery_limit(20)));
    auto publisher = f.publisher();
    publish(*publisher, numbered(f, 1, 3));
    auto subscription = f.subscribe(work);
    const auto before = deliveries(*subscription, 3);
    REQUIRE(before.size() == 3);
    // The second settlement of a delivery and one of an unknown delivery change nothing.
    subscription->settle(before[0].handle, Disposition::ack);
    subscription->settle(before[0].handle, Disposition::requeue);
    subscription->settle({before[0].handle.part, 1000}, Disposition::reject);
    subscription->settle({}, Disposition::reject);
    CHECK(subscription->close(close_deadline));
    REQUIRE(becomes_ready(f, work, 2));

    auto second = f.subscribe(work);
    const auto after = deliveries(*second, 2);
    REQUIRE(bodies(after) == "2 3");
    CHECK(after[0].handle.part != before[0].handle.part);
    for (const auto& delivered : before)
        second->settle(delivered.handle, Disposition::reject);
    second->settle(after[0].handle, Disposition::ack);
    CHECK(second->close(close_deadline));
    CHECK(becomes_ready(f, work, 1));
    CHECK(ready(f, dead) == 0);
}

TEST_CASE("a purge leaves held messages, which may still be settled and given back") {
    Fixture f;
    const auto work = f.queue("#");
    auto publisher = f.publisher();
    publish(*publisher, numbered(f, 1, 10));
    auto subscription = f.subscribe(work, 3);
    const auto got = deliveries(*subscription, 3);
    REQUIRE(got.size() == 3);
    REQUIRE(becomes_ready(f, work, 7));
    CHECK(f.topology().purge_queue(work) == 7);
    CHECK(f.topology().purge_queue(work) == 0);
    subscription->stop();
    subscription->settle(got[0].handle, Disposition::ack);
    subscription->settle(got[1].handle, Disposition::requeue);
    CHECK(subscription->close(close_deadline));
    REQUIRE(becomes_ready(f, work, 2));
    auto second = f.subscribe(work);
    auto back = deliveries(*second, 2);
    std::ranges::sort(back, {}, [](const auto& delivered) { return delivered.message.body; });
    CHECK(bodies(back) == "2 3");
}

TEST_CASE("settling messages of a deleted queue does no harm") {
    Fixture f;
    const auto dead = f.queue("none.of.these", {}, "classic");
    const auto work = f.queue("#", dead_letter_to(dead), "classic");
    auto publisher = f.publisher();
    publish(*publisher, numbered(f, 1, 3));
    auto subscription = f.subscribe(work);
    const auto got = deliveries(*subscription, 3);
    REQUIRE(got.size() == 3);
    f.topology().delete_queue(work, false, false);
    f.forget(work);
    const auto events = take_until(*subscription, [](const auto& taken) { return !taken.empty(); });
    REQUIRE(events.size() == 1);
    CHECK(std::holds_alternative<Cancelled>(events[0]));
    subscription->settle(got[0].handle, Disposition::ack);
    subscription->settle(got[1].handle, Disposition::requeue);
    subscription->settle(got[2].handle, Disposition::reject);
    CHECK(subscription->close(close_deadline));
    CHECK(ready(f, dead) == 0);
}

}  // namespace airy::mq
