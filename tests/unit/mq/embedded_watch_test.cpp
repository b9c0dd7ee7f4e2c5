// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/watch.hpp"

#include <doctest/doctest.h>
#include <poll.h>

#include <filesystem>
#include <limits>

#include "manual_clock.hpp"
#include "mq/embedded/queue_rows.hpp"
#include "mq/embedded/sessions.hpp"
#include "mq/embedded/subscription.hpp"
#include "temporary_directory.hpp"
#include "util/error.hpp"

namespace airy::mq::embedded {
namespace {

// Sessions that consume from one queue of a file.
class Sessions {
  public:
    Sessions() {
        Change change(store, catalogue);
        QueueSpec spec;
        spec.name = "work";
        queue_ = create_queue_rows(change, normalized(spec), std::nullopt);
        change.commit();
    }
    Session begin() {
        Change change(store, catalogue);
        auto session = begin_session(change);
        begin_consumer(change, session.id, queue_);
        change.commit();
        return session;
    }

    void put() {
        Change change(store, catalogue);
        const std::string meta(1, '\0');  // no properties
        put_message(change, *change.counts(queue_), {"", "work", meta, "{}"});
        change.commit();
    }
    // As by one who was killed before waking them.
    void forget_who_waits() {
        Change change(store, catalogue);
        change.db().run("UPDATE consumer SET waiting = 0");
        change.commit();
    }

    test::TemporaryDirectory directory;
    const Location location = parse_location("sqlite:" + directory.path() + "/airy.db");
    test::ManualClock clock;
    Store store{location, clock};
    Catalogue catalogue;

    std::int64_t queue() const { return queue_; }

  private:
    std::int64_t queue_ = 0;
};

bool told_of_an_end(const Watch& watch) {
    pollfd end{watch.fd(), 0, 0};
    return ::poll(&end, 1, 0) == 1 && (end.revents & POLLERR) != 0;
}

// What comes from the subscription within 20 s, at least `count`.
std::size_t deliveries(EmbeddedSubscription& subscription, std::size_t count) {
    std::size_t came = 0;
    const auto deadline = util::steady_now() + std::chrono::seconds(20);
    while (came < count && util::steady_now() < deadline) {
        pollfd ready{subscription.event_fd(), POLLIN, 0};
        ::poll(&ready, 1, 1000);
        came += subscription.take().size();
    }
    return came;
}

}  // namespace

TEST_CASE("whom it watches may die at any time") {
    Sessions sessions;
    auto before = sessions.begin();
    const auto mine = sessions.begin();
    Watch watch(sessions.store, mine.id);

    SUBCASE("while it watches") {
        REQUIRE(watch.refresh());
        CHECK_FALSE(told_of_an_end(watch));
        before.beacon.reset();
        CHECK(told_of_an_end(watch));
    }
    SUBCASE("before its first look") {
        before.beacon.reset();
        CHECK_FALSE(watch.refresh());
        CHECK_FALSE(watch.refresh());  // until somebody ends what is dead
        end_dead_sessions(sessions.store, sessions.catalogue);
        CHECK(watch.refresh());
        CHECK(watch.fd() == -1);
    }
    SUBCASE("with nobody else left, it watches nobody") {
        Change change(sessions.store, sessions.catalogue);
        end_session(change, before.id);
        change.commit();
        CHECK(watch.refresh());
        CHECK(watch.fd() == -1);
    }
}

TEST_CASE("what is due in the distant future, or was long ago, does not overflow") {
    Sessions sessions;
    const auto mine = sessions.begin();
    Watch watch(sessions.store, mine.id);
    const auto due_at = [&](std::int64_t at) {
        Change change(sessions.store, sessions.catalogue);
        change.set_due(sessions.queue(), Due::message, at);
        change.commit();
        REQUIRE(watch.refresh());
        return watch.due_at();
    };
    const auto distant = due_at(std::numeric_limits<std::int64_t>::max());
    CHECK(distant > util::steady_now() + std::chrono::hours(24));
    const auto past = due_at(std::numeric_limits<std::int64_t>::min());
    CHECK(past <= util::steady_now());
}

TEST_CASE("who drains and is killed is found dead as well") {
    Sessions sessions;
    auto draining = sessions.begin();
    sessions.put();
    SubscribeOptions options;
    options.queue = "work";
    {
        Change change(sessions.store, sessions.catalogue);
        REQUIRE(lease_messages(change, *change.counts(sessions.queue()), draining.id, 1).size() ==
                1);
        end_consumer(change, draining.id);
        change.commit();
    }
    EmbeddedSubscription other(sessions.location, options);
    draining.beacon.reset();
    CHECK(deliveries(other, 1) == 1);
}

TEST_CASE("a wake-up that never came is made up for, and the next one comes") {
    Sessions sessions;
    SubscribeOptions options;
    options.queue = "work";
    EmbeddedSubscription subscription(sessions.location, options);
    const auto waits = [&] {
        Change change(sessions.store, sessions.catalogue);
        return change.db().value("SELECT count(*) FROM consumer WHERE waiting > 0") == 1;
    };
    const auto comes_to_wait = [&] {
        const auto deadline = util::steady_now() + std::chrono::seconds(20);
        while (!waits() && util::steady_now() < deadline)
            ::poll(nullptr, 0, 5);
        return waits();
    };
    REQUIRE(comes_to_wait());
    sessions.forget_who_waits();
    sessions.put();
    CHECK(deliveries(subscription, 1) == 1);
    CHECK(comes_to_wait());
}

TEST_CASE("a file that was removed or replaced is not written any more") {
    Sessions sessions;
    std::filesystem::remove(sessions.directory.path() + "/airy.db");
    CHECK_THROWS_WITH_AS(sessions.put(), doctest::Contains("removed or replaced"), Error);
    const Store another(sessions.location);
    CHECK_THROWS_WITH_AS(sessions.put(), doctest::Contains("removed or replaced"), Error);
}

}  // namespace airy::mq::embedded
