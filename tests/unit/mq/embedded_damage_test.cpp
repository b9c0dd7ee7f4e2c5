// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// Rows that cannot be read: nothing but they may suffer, and nothing of them is lost.
#include <doctest/doctest.h>
#include <poll.h>

#include <functional>
#include <limits>

#include "manual_clock.hpp"
#include "mq/embedded/codec.hpp"
#include "mq/embedded/dead_letters.hpp"
#include "mq/embedded/expiry.hpp"
#include "mq/embedded/queue_rows.hpp"
#include "mq/embedded/schema.hpp"
#include "mq/embedded/sessions.hpp"
#include "mq/embedded/subscription.hpp"
#include "mq/embedded/table_fields.hpp"
#include "mq/embedded/topology.hpp"
#include "temporary_directory.hpp"
#include "util/error.hpp"

namespace airy::mq::embedded {
namespace {

using namespace std::chrono_literals;

const std::string damage(3, '\xff');

event::HeaderTable dead_letter_to(const std::string& queue) {
    return {{"x-dead-letter-exchange", {std::string()}}, {"x-dead-letter-routing-key", {queue}}};
}

class DamagedFile {
  public:
    // Ahead of the subscriptions, which go by the system's clock.
    DamagedFile() { clock.advance(util::system_clock().now().time_since_epoch()); }
    void declare(const std::string& name, event::HeaderTable arguments = {}) {
        QueueSpec spec;
        spec.name = name;
        spec.arguments = std::move(arguments);
        Change change(store, catalogue);
        create_queue_rows(change, normalized(spec), std::nullopt);
        change.commit();
    }
    void put(const std::string& queue, const std::string& body) {
        Change change(store, catalogue);
        const std::string meta(1, '\0');  // no properties
        put_message(change, counts(change, queue), {"", queue, meta, body});
        change.commit();
    }
    void put_damaged(const std::string& queue, const std::string& body) {
        put(queue, body);
        REQUIRE(store.db().run("UPDATE message SET meta = ?2 WHERE body = ?1", Blob{body},
                               Blob{damage}) == 1);
    }
    // A session that took what is ready and whose process is gone.
    void die_with_all(const std::string& queue) {
        Change change(store, catalogue);
        const auto session = begin_session(change);
        begin_consumer(change, session.id, counts(change, queue).info->id);
        lease_messages(change, counts(change, queue), session.id, 100);
        change.commit();
    }
    std::vector<event::Message> ready(const std::string& queue) {
        Change change(store, catalogue);
        std::vector<event::Message> messages;
        for (const auto& stored : ready_messages(change, counts(change, queue), 100)) {
            auto& message = messages.emplace_back();
            read_meta(stored.meta, message);
            message.body = stored.body;
        }
        return messages;
    }
    std::int64_t unacked(const std::string& queue) {
        Change change(store, catalogue);
        return counts(change, queue).unacked;
    }
    bool is_set_aside() {
        return store.db().value("SELECT count(*) FROM message WHERE holder = 0") == 1;
    }
    bool comes_to(const std::function<bool()>& condition) {
        const auto deadline = util::steady_now() + 20s;
        while (!condition() && util::steady_now() < deadline)
            ::poll(nullptr, 0, 5);
        return condition();
    }

    test::TemporaryDirectory directory;
    const Location location = parse_location("sqlite:" + directory.path() + "/airy.db");
    test::ManualClock clock;
    Store store{location, clock};
    Catalogue catalogue;

  private:
    static QueueCounts& counts(Change& change, const std::string& queue) {
        return *change.counts(change.catalogue().queue(queue)->id);
    }
};

// The bodies that come within 20 s, at least `count`; each is acknowledged.
std::vector<std::string> take(EmbeddedSubscription& subscription, std::size_t count) {
    std::vector<std::string> bodies;
    const auto deadline = util::steady_now() + 20s;
    while (bodies.size() < count && util::steady_now() < deadline) {
        pollfd ready{subscription.event_fd(), POLLIN, 0};
        ::poll(&ready, 1, 1000);
        for (const auto& event : subscription.take()) {
            const auto* delivered = std::get_if<Delivered>(&event);
            REQUIRE(delivered != nullptr);
            bodies.push_back(delivered->message.body);
            subscription.settle(delivered->handle, Disposition::ack);
        }
    }
    return bodies;
}

// It is whole but for its properties, whose bytes it brings along.
void check_letter(const std::vector<event::Message>& letters, const std::string& reason) {
    REQUIRE(letters.size() == 1);
    CHECK(letters[0].body == "bad");
    const auto* bytes = find_field(letters[0].headers, "x-airy-damaged");
    REQUIRE(bytes != nullptr);
    CHECK(*bytes == event::HeaderValue{event::HeaderBytes{damage}});
    CHECK(*find_field(letters[0].headers, "x-first-death-reason") == event::HeaderValue{reason});
}

using Bodies = std::vector<std::string>;

}  // namespace

TEST_CASE("a damaged message goes to the dead-letter queue, and those around it are delivered") {
    DamagedFile file;
    file.declare("dead");
    file.declare("work", dead_letter_to("dead"));
    file.put("work", "before");
    file.put_damaged("work", "bad");
    file.put("work", "after");
    SubscribeOptions options;
    options.queue = "work";
    SUBCASE("one at a time") {
        options.prefetch = 1;
    }
    SUBCASE("all at once") {}
    EmbeddedSubscription subscription(file.location, options);
    CHECK(take(subscription, 2) == Bodies{"before", "after"});
    REQUIRE(file.comes_to([&] { return file.unacked("work") == 0; }));
    check_letter(file.ready("dead"), "rejected");
    CHECK(subscription.take().empty());
}

TEST_CASE("a damaged message that no queue takes stays in the file as it is") {
    DamagedFile file;
    SUBCASE("there is no dead-letter exchange") {
        file.declare("work");
    }
    SUBCASE("it leads nowhere") {
        file.declare("work", dead_letter_to("dead"));
    }
    file.put_damaged("work", "bad");
    file.put("work", "after");
    SubscribeOptions options;
    options.queue = "work";
    for (int round = 0; round < 2; ++round) {
        EmbeddedSubscription subscription(file.location, options);
        CHECK(take(subscription, 1) == Bodies{"after"});
        CHECK(subscription.close(10s));
        file.put("work", "after");
    }
    file.clock.advance(24h);
    catch_up(file.store, file.catalogue);
    CHECK(file.unacked("work") == 1);
    CHECK(file.ready("work").size() == 1);
    CHECK(file.store.db().value("SELECT count(*) FROM message WHERE meta = ?1", Blob{damage}) == 1);
    if (Change(file.store, file.catalogue).catalogue().queue("work")->policy.dead_letter_exchange) {
        file.declare("dead");
        file.clock.advance(1s);
        catch_up(file.store, file.catalogue);
        check_letter(file.ready("dead"), "rejected");
        CHECK(file.unacked("work") == 0);
    }
}

TEST_CASE("what is done for all of the broker goes on over a damaged message") {
    DamagedFile file;
    file.declare("dead");
    auto arguments = dead_letter_to("dead");
    SUBCASE("it came back too often") {
        arguments.push_back({"x-delivery-limit", {std::int64_t{0}}});
        file.declare("work", arguments);
        file.put_damaged("work", "bad");
        file.die_with_all("work");
        CHECK(EmbeddedTopology(file.location).contents().queues.size() == 2);
        check_letter(file.ready("dead"), "delivery_limit");
    }
    SUBCASE("its time is over") {
        arguments.push_back({"x-message-ttl", {std::int64_t{1000}}});
        file.declare("work", arguments);
        file.put_damaged("work", "bad");
        file.clock.advance(1s);
        catch_up(file.store, file.catalogue);
        check_letter(file.ready("dead"), "expired");
    }
    SUBCASE("its queue is too full") {
        arguments.push_back({"x-max-length", {std::int64_t{1}}});
        file.declare("work", arguments);
        file.put_damaged("work", "bad");
        file.put("work", "next");
        check_letter(file.ready("dead"), "maxlen");
    }
    CHECK(file.unacked("work") == 0);
}

TEST_CASE("a damaged queue keeps its messages, and the others go on") {
    std::string bytes;
    bool mend = false;
    SUBCASE("no table, mended by hand") {
        bytes = damage;
        mend = true;
    }
    SUBCASE("a table of what no queue can have, deleted") {
        bytes = encode_table({{"x-message-ttl", {std::int64_t{-1}}}});
    }
    DamagedFile file;
    file.declare("dead");
    file.declare("work", dead_letter_to("dead"));
    file.put("work", "1");
    const auto set_arguments = [&](const std::string& arguments) {
        Change change(file.store, file.catalogue);
        change.db().run("UPDATE queue SET arguments = ?1 WHERE name = 'work'", Blob{arguments});
        change.topology_changed();
        change.commit();
    };
    set_arguments(bytes);
    file.put("work", "2");
    file.die_with_all("work");
    EmbeddedTopology topology(file.location);
    CHECK(topology.contents().queues.size() == 2);
    CHECK(topology.check_queue("work").ready == 2);
    SubscribeOptions options;
    options.queue = "work";
    CHECK_THROWS_WITH_AS(EmbeddedSubscription(file.location, options),
                         doctest::Contains("are damaged"), Error);
    QueueSpec spec;
    spec.name = "work";
    CHECK_THROWS_WITH_AS(topology.declare_queue(spec), doctest::Contains("are damaged"), Error);
    options.queue = "dead";
    file.put("dead", "other");
    EmbeddedSubscription other(file.location, options);
    CHECK(take(other, 1) == Bodies{"other"});
    if (!mend) {
        CHECK(topology.delete_queue("work", false, false) == 2);
        return;
    }
    set_arguments(encode_table(dead_letter_to("dead")));
    options.queue = "work";
    EmbeddedSubscription subscription(file.location, options);
    CHECK(take(subscription, 2) == Bodies{"1", "2"});
}

TEST_CASE("a queue that has used up its positions takes no more, and gives back what it has") {
    DamagedFile file;
    auto arguments = dead_letter_to("full");
    arguments.push_back({"x-dead-letter-strategy", {std::string("at-least-once")}});
    arguments.push_back({"x-overflow", {std::string("reject-publish")}});
    SUBCASE("what comes back is ready again") {}
    SUBCASE("a letter that comes back too often is kept") {
        arguments.push_back({"x-delivery-limit", {std::int64_t{0}}});
    }
    const bool limited = arguments.size() > 4;
    file.declare("full");
    file.declare("work", arguments);
    file.put("work", "1");
    file.put("work", "2");
    file.store.db().run("UPDATE queue SET next = ?1", position_limit);
    CHECK_THROWS_AS(file.put("work", "3"), Error);
    file.die_with_all("work");
    CHECK(EmbeddedTopology(file.location).check_queue("work").ready == (limited ? 0 : 2));
    CHECK(file.unacked("work") == (limited ? 2 : 0));
}

TEST_CASE("a letter of no reason, and something due to no queue, hold nobody up") {
    DamagedFile file;
    file.declare("work", dead_letter_to("dead"));
    file.put_damaged("work", "bad");
    SubscribeOptions options;
    options.queue = "work";
    {
        const EmbeddedSubscription subscription(file.location, options);
        REQUIRE(file.comes_to([&] { return file.is_set_aside(); }));
    }
    for (const auto deliveries :
         {std::numeric_limits<std::int64_t>::min(), std::int64_t{-99}, std::int64_t{7}}) {
        file.store.db().run("UPDATE message SET deliveries = ?1", deliveries);
        file.store.db().run("REPLACE INTO due (queue, kind, at) VALUES (4711, 0, 1)");
        file.clock.advance(1s);
        catch_up(file.store, file.catalogue);
        CHECK(file.unacked("work") == 1);
    }
}

}  // namespace airy::mq::embedded
