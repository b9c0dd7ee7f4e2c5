// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// Looks that take nothing and wait for nobody.
#include "mq/embedded/look.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <thread>

#include "mq/embedded/errors.hpp"
#include "mq/embedded/health.hpp"
#include "mq/embedded/inventory.hpp"
#include "mq/embedded/messages.hpp"
#include "mq/embedded/queue_rows.hpp"
#include "mq/embedded/schema.hpp"
#include "mq/embedded/sessions.hpp"
#include "mq/embedded/topology.hpp"
#include "temporary_directory.hpp"
#include "util/error.hpp"

namespace airy::mq::embedded {
namespace {

using namespace std::chrono_literals;

class Looked {
  public:
    void declare(const std::string& name, event::HeaderTable arguments = {},
                 const std::string& type = "quorum") {
        QueueSpec spec;
        spec.name = name;
        spec.type = type;
        spec.arguments = std::move(arguments);
        Change change(store, catalogue);
        create_queue_rows(change, normalized(spec), std::nullopt);
        change.commit();
    }
    void put(const std::string& body, std::int64_t priority = 0) {
        Change change(store, catalogue);
        const std::string meta(1, '\0');  // no properties
        IncomingMessage message{"", "work", meta, body};
        message.priority = priority;
        put_message(change, work(change), message);
        change.commit();
    }
    // Takes the first messages for a session, and puts back the first of them.
    void take(std::size_t count) {
        Change change(store, catalogue);
        session = begin_session(change);
        const auto taken = lease_messages(change, work(change), session.id, count);
        give_back(change, work(change), taken.front(), Return::left_behind);
        change.commit();
    }
    std::vector<std::string> look(std::uint64_t limit = 0) {
        std::vector<std::string> bodies;
        last = look_into(
            location, "work", limit,
            [&](const Delivered& delivered) {
                bodies.push_back(delivered.message.body + (delivered.redelivered ? "!" : ""));
                return bodies.size() != stop_after;
            },
            signals);
        return bodies;
    }

    test::TemporaryDirectory directory;
    Location location = parse_location("sqlite:" + directory.path() + "/airy.db");
    Store store{location};
    Catalogue catalogue;
    Session session;
    util::SignalFd signals;
    Look last;
    std::size_t stop_after = 0;

  private:
    static QueueCounts& work(Change& change) {
        return *change.counts(change.catalogue().queue("work")->id);
    }
};

using Bodies = std::vector<std::string>;

}  // namespace

TEST_CASE("a look shows what is ready in order, and marks nothing") {
    Looked queue;
    queue.declare("work", {{"x-delivery-limit", {std::int64_t{5}}}});
    for (const auto* const body : {"a", "b", "c", "d"})
        queue.put(body);
    CHECK(queue.look() == Bodies{"a", "b", "c", "d"});
    CHECK(queue.look() == Bodies{"a", "b", "c", "d"});
    CHECK(queue.last.marked == 0);
    CHECK(queue.last.most_returns == 0);
    queue.take(2);  // a comes back, b is held
    CHECK(queue.look() == Bodies{"a!", "c", "d"});
    CHECK(queue.last.most_returns == 1);
    CHECK(queue.last.left == 0);
    CHECK(queue.look(2) == Bodies{"a!", "c"});
    CHECK(queue.last.seen == 2);
    CHECK(queue.last.left == 1);
    queue.stop_after = 1;
    CHECK(queue.look() == Bodies{"a!"});
    CHECK(queue.last.left == 2);
}

TEST_CASE("a look reads a long queue and a large message part by part") {
    Looked queue;
    queue.declare("work");
    queue.put(std::string(9 << 20, 'x'));
    for (int i = 0; i < 250; ++i)
        queue.put(std::to_string(i));
    const auto bodies = queue.look();
    REQUIRE(bodies.size() == 251);
    CHECK(bodies[0].size() == 9 << 20);
    CHECK(bodies[1] == "0");
    CHECK(bodies[250] == "249");
}

TEST_CASE("a look keeps the order of priorities") {
    Looked queue;
    queue.declare("work", {{"x-max-priority", {std::int64_t{9}}}}, "classic");
    queue.put("low");
    queue.put("high", 5);
    queue.put("higher", 9);
    CHECK(queue.look() == Bodies{"higher", "high", "low"});
    CHECK(queue.look(1) == Bodies{"higher"});
}

TEST_CASE("a damaged message is passed over and stays") {
    Looked queue;
    queue.declare("work");
    queue.put("a");
    queue.put("b");
    queue.put("c");
    queue.store.db().run("UPDATE message SET meta = x'ffffff' WHERE body = x'62'");
    CHECK(queue.look() == Bodies{"a", "c"});
    CHECK(queue.store.db().value("SELECT count(*) FROM message") == 3);
}

TEST_CASE("looking needs no lock") {
    Looked queue;
    queue.declare("work");
    queue.put("a");
    const Transaction lock(queue.store);
    std::thread([&] {
        CHECK(queue.look() == Bodies{"a"});
        EmbeddedTopology topology(queue.location);
        CHECK(topology.check_queue("work").ready == 1);
        CHECK(take_inventory(topology, {}).queues.size() == 1);
        CHECK_THROWS_AS(topology.check_exchange("none"), Error);
        CHECK(alarms_of(queue.location).size() == 1);
        CHECK(concerns_of(queue.location).empty());
    }).join();
}

TEST_CASE("a wait for the lock ends by the caller's descriptor") {
    Looked queue;
    queue.declare("work");
    const Transaction lock(queue.store);
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    REQUIRE(::write(ends[1], "", 1) == 1);
    auto location = queue.location;
    location.interrupt_fd = ends[0];
    std::thread([&] {
        EmbeddedTopology topology(location);
        try {
            topology.bind("work", "amq.topic", "#");
            FAIL("did not wait");
        } catch (const Error& error) {
            CHECK(error.reason() == Reason::interrupted);
        }
    }).join();
    ::close(ends[0]);
    ::close(ends[1]);
}

TEST_CASE("the oldest arrival is that of the head, whichever lane it is in") {
    Looked queue;
    queue.declare("work");
    const auto oldest = [&] {
        const Reading reading(queue.store);
        queue.catalogue.refresh(queue.store.db());
        return oldest_arrival(queue.store.db(), *queue.catalogue.queue("work"));
    };
    CHECK_FALSE(oldest());
    const auto before = queue.store.now();
    queue.put("a");
    queue.put("b");
    REQUIRE(oldest());
    CHECK(*oldest() >= before);
    CHECK(*oldest() <= queue.store.now());
    queue.store.db().run("UPDATE message SET arrived_at = 1000 WHERE body = x'61'");
    queue.store.db().run("UPDATE message SET arrived_at = 2000 WHERE body = x'62'");
    CHECK(oldest() == 1000);
    queue.take(2);  // a comes back and keeps its time
    CHECK(oldest() == 1000);
    queue.store.db().run("DELETE FROM message WHERE body = x'61'");
    CHECK_FALSE(oldest());  // b is held
}

}  // namespace airy::mq::embedded
