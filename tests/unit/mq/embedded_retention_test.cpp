// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/retention.hpp"

#include <doctest/doctest.h>

#include "manual_clock.hpp"
#include "temporary_directory.hpp"

namespace airy::mq::embedded {
namespace {

using namespace std::chrono_literals;

struct File : test::TemporaryDirectory {
    Location location(const std::string& query = {}) const {
        return parse_location("sqlite:" + path() + "/airy.db" + query);
    }
};

// A file with its clock, to which messages are published in one change each.
class Log {
  public:
    explicit Log(const Location& location) : store_(location, clock_) {
        Change change(store_, catalogue_);
        set_retention(change);
        change.commit();
    }

    void publish(int count, std::size_t size = 100) {
        Change change(store_, catalogue_);
        const std::string body(size, 'x');
        std::int64_t bytes = 0;
        for (int i = 0; i < count; ++i)
            bytes += keep_published(change, {"airy.events", "post.published", "", body});
        add_published_bytes(change, bytes);
        change.commit();
    }
    void clean() { clean_published(store_, catalogue_); }
    std::int64_t rows() { return store_.db().value("SELECT count(*) FROM published").value(); }
    std::int64_t bytes() {
        return store_.db()
            .value("SELECT value FROM setting WHERE name = 'published_bytes'")
            .value();
    }
    bool keeps() { return retains(store_.db()); }
    test::ManualClock& clock() { return clock_; }

  private:
    test::ManualClock clock_;
    Store store_;
    Catalogue catalogue_;
};

}  // namespace

TEST_CASE("what is older than the age goes, a part at a time") {
    File file;
    Log log(file.location("?retain=1h"));
    log.publish(1500);
    log.clock().advance(59min);
    log.publish(10);
    log.clean();
    CHECK(log.rows() == 1510);
    log.clock().advance(2min);
    log.clean();
    CHECK(log.rows() == 510);
    log.clean();
    log.clean();
    CHECK(log.rows() == 10);
    CHECK(log.bytes() == 1000);
}

TEST_CASE("beyond the size the oldest go") {
    File file;
    Log log(file.location("?retain=1KB"));
    log.publish(25);
    log.clean();
    CHECK(log.rows() == 10);
    CHECK(log.bytes() == 1000);
}

TEST_CASE("the file keeps what it was told, until it is told otherwise") {
    File file;
    CHECK_FALSE(Log(file.location()).keeps());
    CHECK(Log(file.location("?retain=1h")).keeps());
    CHECK(Log(file.location()).keeps());
    CHECK_FALSE(Log(file.location("?retain=0")).keeps());
    CHECK_FALSE(Log(file.location()).keeps());
}

TEST_CASE("numbers rise even when the clock stands still") {
    File file;
    Log log(file.location("?retain=1h"));
    log.publish(3000);
    log.publish(3000);
    CHECK(log.rows() == 6000);
}

}  // namespace airy::mq::embedded
