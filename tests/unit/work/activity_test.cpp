// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/activity.hpp"

#include <doctest/doctest.h>

namespace airy::work {
namespace {

using namespace std::chrono_literals;

constexpr util::SteadyTime start{1000s};

mq::Delivered message(const std::string& id) {
    mq::Delivered delivered;
    delivered.message.topic = "post.published";
    delivered.message.properties.message_id = id;
    return delivered;
}

TEST_CASE("rates are over whole seconds, and over no more than there have been") {
    RateMeter meter(start);
    CHECK(meter.rates(start).minute == 0);
    meter.add(start + 100ms, 30);
    CHECK(meter.rates(start + 500ms).second == 0);  // the second is not over
    CHECK(meter.rates(start + 1s).second == 30);
    CHECK(meter.rates(start + 3s).second == 0);
    CHECK(meter.rates(start + 3s).ten_seconds == 10);
    CHECK(meter.rates(start + 30s).minute == 1);
    CHECK(meter.rates(start + 60s).minute == doctest::Approx(0.5));
    CHECK(meter.rates(start + 61s).minute == 0);
    meter.add(start + 64s, 5);  // in the place of the first
    CHECK(meter.rates(start + 65s).second == 5);
    CHECK(meter.rates(start + 65s).ten_seconds == doctest::Approx(0.5));
}

TEST_CASE("what runs is told with its time, the oldest first") {
    Activity activity(start);
    const auto first = activity.begin(message("a"), 1, start);
    activity.begin(message("b"), 3, start + 2s);
    ConsumerStatus status;
    activity.tell(status, start + 5s);
    REQUIRE(status.tasks.size() == 2);
    CHECK(status.tasks[0].message_id == "a");
    CHECK(status.tasks[0].running == 5s);
    CHECK(status.tasks[1].messages == 3);
    CHECK(status.tasks[1].running == 3s);
    activity.end(first);
    ConsumerStatus later;
    activity.tell(later, start + 6s);
    REQUIRE(later.tasks.size() == 1);
    CHECK(later.tasks[0].message_id == "b");
}

TEST_CASE("the last five failures are kept, their reasons cut") {
    Activity activity(start);
    for (int i = 0; i < 7; ++i)
        activity.failed(message(std::to_string(i)), std::string(1000, 'x'), start);
    ConsumerStatus status;
    activity.tell(status, start + 1s);
    REQUIRE(status.failures.size() == 5);
    CHECK(status.failures.front().message_id == "2");
    CHECK(status.failures.back().message_id == "6");
    CHECK(status.failures.back().reason.size() == 200);
    CHECK(status.failed_rates.second == 7);
}

}  // namespace
}  // namespace airy::work
