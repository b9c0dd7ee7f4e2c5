// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <limits>

#include "mq/inventory.hpp"

using namespace airy;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t seconds = 1'700'000'000;

std::optional<std::chrono::milliseconds> age(std::int64_t head_timestamp) {
    mq::QueueInfo queue;
    queue.ready = 1;
    queue.head_timestamp = head_timestamp;
    return mq::oldest_age(queue, util::SystemTime(std::chrono::seconds(seconds + 60)));
}

}  // namespace

TEST_CASE("a head's timestamp is read in the unit that makes it a time of the past") {
    CHECK(age(seconds) == 60s);
    CHECK(age(seconds * 1000) == 60s);
    CHECK(age(seconds * 1000 + 59'500) == 500ms);
    CHECK(age(seconds + 90) == 0s);  // another host's clock
    CHECK(age((seconds + 90) * 1000) == 0s);
}

TEST_CASE("a timestamp that is no time of the past tells no age") {
    CHECK_FALSE(age(seconds + 100'000));
    CHECK_FALSE(age((seconds + 100'000) * 1000));
    CHECK_FALSE(age(seconds * 1'000'000));  // microseconds
    CHECK_FALSE(age(0));
    CHECK_FALSE(age(-1));
    CHECK_FALSE(age(std::numeric_limits<std::int64_t>::max()));
    CHECK_FALSE(age(std::numeric_limits<std::int64_t>::min()));
}

TEST_CASE("what the broker knows goes before what a publisher wrote") {
    mq::QueueInfo queue;
    const util::SystemTime now{std::chrono::seconds(seconds)};
    CHECK_FALSE(mq::oldest_age(queue, now));
    queue.head_timestamp = seconds - 500;
    queue.oldest_at = (seconds - 5) * 1000;
    CHECK(mq::oldest_age(queue, now) == 5s);
    queue.oldest_at = (seconds + 5) * 1000;
    CHECK(mq::oldest_age(queue, now) == 0s);
    queue.ready = 0;
    queue.oldest_at = 1000;
    CHECK(mq::oldest_age(queue, now) == 0s);
}
