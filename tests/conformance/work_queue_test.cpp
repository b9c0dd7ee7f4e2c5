// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// A work queue with retries and dead letters, by the calls of mq::Broker: how every broker treats a
// message that is rejected, retried, given back or expired.
#include "fixture.hpp"

namespace airy::mq {
namespace {

event::HeaderTable joined(event::HeaderTable one, const event::HeaderTable& other) {
    one.insert(one.end(), other.begin(), other.end());
    return one;
}

// Arguments of a quorum queue whose dead letters the broker must not lose on their way.
event::HeaderTable safe_dead_letter_to(const std::string& queue) {
    return joined(dead_letter_to(queue),
                  {{"x-dead-letter-strategy", {std::string("at-least-once")}},
                   {"x-overflow", {std::string("reject-publish")}}});
}

event::HeaderTable arguments_of_type(const std::string& type, const std::string& dead) {
    return type == "quorum" ? safe_dead_letter_to(dead) : dead_letter_to(dead);
}

event::HeaderTable ttl(std::int64_t milliseconds) {
    return {{"x-message-ttl", {milliseconds}}};
}

event::HeaderTable delivery_limit(std::int64_t most) {
    return {{"x-delivery-limit", {most}}};
}

// A copy of the message for one queue, as a retry or a dead letter is sent.
event::Message addressed_to(event::Message message, const std::string& queue) {
    message.exchange.clear();
    message.topic = queue;
    return message;
}

std::vector<event::Message> numbered(const Fixture& f, int first, int last) {
    std::vector<event::Message> out;
    for (int i = first; i <= last; ++i)
        out.push_back(f.message("post.published", std::to_string(i)));
    return out;
}

// The bodies in the order of delivery, e.g. "1 2 3".
std::string bodies(const std::vector<Delivered>& all) {
    std::string out;
    for (const auto& delivered : all)
        out += (out.empty() ? "" : " ") + delivered.message.body;
    return out;
}

// The bodies of the next deliveries, one at a time: each is acked before the next one comes.
std::string acked_one_by_one(Subscription& subscription, std::size_t count) {
    std::vector<Delivered> all;
    while (all.size() < count) {
        const auto got = deliveries(subscription, 1);
        REQUIRE(got.size() == 1);
        subscription.settle(got[0].handle, Disposition::ack);
        all.push_back(got[0]);
    }
    return bodies(all);
}

event::HeaderValue delivery_count(const Delivered& delivered) {
    const auto* count = field(delivered.message.headers, "x-delivery-count");
    return count ? *count : event::HeaderValue{};
}

event::Message full_message(const Fixture& f) {
    auto message = f.message("post.published", std::string("{\"a\":1}\0\xff", 9));
    message.properties.content_type = "application/json";
    message.properties.content_encoding = "identity";
    message.properties.priority = 3;
    message.properties.correlation_id = "c-1";
    message.properties.reply_to = "answers";
    message.properties.message_id = "m-1";
    message.properties.timestamp = 1'700'000'000;
    message.properties.type = "post.published";
    message.properties.app_id = "airy-tools";
    message.has_headers = true;
    message.headers = {{"text", {std::string("grüße")}},
                       {"yes", {true}},
                       {"int32", {std::int32_t{-7}}},
                       {"int64", {std::int64_t{9'007'199'254'740'993}}},
                       {"double", {0.1}},
                       {"time", {event::HeaderTimestamp{1'700'000'000}}},
                       {"nothing", {std::monostate{}}},
                       {"list", {event::HeaderArray{{std::string("a")}, {std::int64_t{1}}}}},
                       {"table", {event::HeaderTable{{"k", {std::string("v")}}}}}};
    return message;
}

// The error's text; empty when the action did not fail with this kind.
std::string failure_of(ErrorKind kind, const std::function<void()>& action) {
    try {
        action();
    } catch (const Error& error) {
        CHECK(error.kind() == kind);
        return error.kind() == kind ? error.what() : "";
    }
    return "";
}

// Waits until the queue has so many consumers: a broker notices a consumer's end a moment later.
bool has_consumers(Fixture& f, const std::string& queue, std::uint32_t count) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (f.topology().check_queue(queue).consumers != count)
        if (std::chrono::steady_clock::now() >= deadline) return false;
    return true;
}

bool goes_away(Fixture& f, const std::string& queue) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < deadline)
        try {
            f.topology().check_queue(queue);
        } catch (const Error& error) {
            return error.kind() == ErrorKind::not_found;
        }
    return false;
}

}  // namespace

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
        CHECK_FALSE(letters[0].redelivered);
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
                    CHECK(*field(all[0], "count") == event::HeaderValue{passages});
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
        CHECK(acked_one_by_one(*subscription, 3) == row.after);
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

TEST_CASE("a queue with consumers is not deleted where it must be unused") {
    Fixture f;
    const auto work = f.queue("#", {}, "classic");
    auto subscription = f.subscribe(work);
    CHECK_THROWS_AS(f.topology().delete_queue(work, false, true), Error);
    CHECK(f.topology().check_queue(work).consumers == 1);
    CHECK(subscription->close(close_deadline));
    REQUIRE(has_consumers(f, work, 0));
    CHECK(f.topology().delete_queue(work, false, true) == 0);
    f.forget(work);
}

TEST_CASE("unbinding a pattern leaves the others, and one that is not there is no error") {
    Fixture f;
    const auto work = f.queue("post.*", {}, "classic");
    f.topology().bind(work, f.exchange(), "user.*");
    f.topology().unbind(work, f.exchange(), "never.bound");
    f.topology().unbind(work, f.exchange(), "post.*");
    f.topology().unbind(work, f.exchange(), "post.*");
    auto publisher = f.publisher();
    publish(*publisher, {f.message("user.registered", "kept")});
    auto message = f.message("post.published");
    publisher->try_submit(message);
    const auto events = outcomes(*publisher, 1);
    REQUIRE(events.size() == 1);
    CHECK(std::holds_alternative<Unroutable>(events[0]));
    auto subscription = f.subscribe(work);
    CHECK(acked_one_by_one(*subscription, 1) == "kept");
}

TEST_CASE("declaring a queue again tells its ready messages and consumers") {
    Fixture f;
    const auto dead = f.queue("none.of.these");
    const auto arguments = joined(safe_dead_letter_to(dead), delivery_limit(20));
    const auto work = f.queue("#", arguments);
    auto publisher = f.publisher();
    publish(*publisher, numbered(f, 1, 3));
    auto subscription = f.subscribe(work, 1);
    REQUIRE(deliveries(*subscription, 1).size() == 1);
    REQUIRE(becomes_ready(f, work, 2));
    QueueSpec spec;
    spec.name = work;
    spec.arguments = arguments;
    const auto state = f.topology().declare_queue(spec);
    CHECK(state.name == work);
    CHECK(state.ready == 2);
    CHECK(state.consumers == 1);
}

TEST_CASE("a queue that is there with other properties: the error names the difference") {
    Fixture f;
    const auto dead = f.queue("none.of.these");
    QueueSpec there;
    there.arguments = joined(safe_dead_letter_to(dead), joined(delivery_limit(20), ttl(1000)));
    there.name = f.queue("#", there.arguments);
    CHECK(f.topology().declare_queue(there).name == there.name);

    struct Row {
        std::string name;
        std::vector<std::string> told;
        std::function<void(QueueSpec&)> change;
    };
    const auto replace = [](QueueSpec& spec, const std::string& name, event::HeaderValue value) {
        for (auto& argument : spec.arguments)
            if (argument.first == name) argument.second = value;
    };
    const std::vector<Row> rows{
        {"x-message-ttl",
         {"1000", "2000"},
         [&](auto& spec) { replace(spec, "x-message-ttl", {std::int64_t{2000}}); }},
        {"x-delivery-limit",
         {"20", "5"},
         [&](auto& spec) { replace(spec, "x-delivery-limit", {std::int64_t{5}}); }},
        {"x-dead-letter-routing-key",
         {dead, "elsewhere"},
         [&](auto& spec) {
             replace(spec, "x-dead-letter-routing-key", {std::string("elsewhere")});
         }},
        {"x-max-length",
         {"10"},
         [](auto& spec) {
             spec.arguments.push_back({"x-max-length", {std::int64_t{10}}});
         }},
        {"x-message-ttl",
         {"1000"},
         [](auto& spec) {
             std::erase_if(spec.arguments,
                           [](const auto& argument) { return argument.first == "x-message-ttl"; });
         }},
    };
    for (const auto& row : rows) {
        auto other = there;
        row.change(other);
        const auto error =
            failure_of(ErrorKind::not_found, [&] { f.topology().declare_queue(other); });
        CAPTURE(error);
        CHECK(error.find(row.name) != std::string::npos);
        for (const auto& value : row.told)
            CHECK(error.find(value) != std::string::npos);
    }
}

TEST_CASE("a queue or exchange of another type: the error names the type that is there") {
    Fixture f;
    QueueSpec other;
    other.type = "classic";
    other.name = f.queue("#", {}, "quorum");
    const auto queue = failure_of(ErrorKind::not_found, [&] { f.topology().declare_queue(other); });
    CAPTURE(queue);
    CHECK(queue.find("quorum") != std::string::npos);
    other.name = f.queue("#", {}, "classic");
    other.durable = false;
    const auto durable =
        failure_of(ErrorKind::not_found, [&] { f.topology().declare_queue(other); });
    CAPTURE(durable);
    CHECK(durable.find("durable is true, not false") != std::string::npos);
    const auto exchange = failure_of(ErrorKind::not_found, [&] {
        f.topology().declare_exchange({f.exchange(), "fanout", true});
    });
    CAPTURE(exchange);
    CHECK(exchange.find("topic") != std::string::npos);
    CHECK(exchange.find("fanout") != std::string::npos);
}

TEST_CASE("an exclusive queue is its connection's alone, and goes with it") {
    Fixture f;
    auto owner = f.broker().topology();
    QueueSpec spec;
    spec.name = fresh("exclusive");
    spec.type = "classic";
    spec.durable = false;
    spec.exclusive = true;
    CHECK(owner->declare_queue(spec).name == spec.name);
    owner->bind(spec.name, f.exchange(), "#");
    auto publisher = f.publisher();
    publish(*publisher, numbered(f, 1, 2));
    CHECK(owner->check_queue(spec.name).ready == 2);
    CHECK(owner->purge_queue(spec.name) == 2);
    CHECK_THROWS_AS(f.topology().check_queue(spec.name), Error);
    CHECK_THROWS_AS(f.topology().delete_queue(spec.name, false, false), Error);
    CHECK_THROWS_AS(f.topology().bind(spec.name, f.exchange(), "post.*"), Error);
    CHECK_THROWS_AS(f.topology().declare_queue(spec), Error);
    CHECK_THROWS_AS(f.subscribe(spec.name), Error);
    owner.reset();
    CHECK(goes_away(f, spec.name));
}

TEST_CASE("a queue that deletes itself goes with its last consumer") {
    Fixture f;
    QueueSpec spec;
    spec.name = fresh("ephemeral");
    spec.type = "classic";
    spec.durable = false;
    spec.auto_delete = true;
    f.topology().declare_queue(spec);
    auto one = f.subscribe(spec.name);
    auto two = f.subscribe(spec.name);
    CHECK(one->close(close_deadline));
    CHECK(has_consumers(f, spec.name, 1));
    CHECK(two->close(close_deadline));
    CHECK(goes_away(f, spec.name));
}

}  // namespace airy::mq
