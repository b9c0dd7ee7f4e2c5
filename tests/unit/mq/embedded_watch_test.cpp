// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/watch.hpp"

#include <doctest/doctest.h>
#include <poll.h>

#include "manual_clock.hpp"
#include "mq/embedded/queue_rows.hpp"
#include "mq/embedded/sessions.hpp"
#include "temporary_directory.hpp"

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

  private:
    test::TemporaryDirectory directory_;
    test::ManualClock clock_;

  public:
    Store store{parse_location("sqlite:" + directory_.path() + "/airy.db"), clock_};
    Catalogue catalogue;

  private:
    std::int64_t queue_ = 0;
};

bool told_of_an_end(const Watch& watch) {
    pollfd end{watch.fd(), 0, 0};
    return ::poll(&end, 1, 0) == 1 && (end.revents & POLLERR) != 0;
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

}  // namespace airy::mq::embedded
