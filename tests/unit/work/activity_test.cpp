// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/activity.hpp"

#include <doctest/doctest.h>

#include "tests/support/manual_clock.hpp"

namespace airy::work {
namespace {

using namespace std::chrono_literals;

mq::Delivered message(const std::string& id) {
    mq::Delivered delivered;
    delivered.message.topic = "post.published";
    delivered.message.properties.message_id = id;
    return delivered;
}

TEST_CASE("rates are over whole seconds, and over no more than there have been") {
    constexpr util::SteadyTime start{1000s};
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
    test::ManualClock clock;
    Activity activity(clock);
    const std::vector<mq::Delivered> one{message("a")};
    const std::vector<mq::Delivered> three{message("b"), message("c"), message("d")};
    activity.began(1, one, std::vector{clock.steady() - 1s});
    clock.advance(2s);
    activity.began(2, three, std::vector(3, clock.steady()));
    clock.advance(3s);
    ConsumerStatus status;
    activity.tell(status);
    REQUIRE(status.tasks.size() == 2);
    CHECK(status.tasks[0].message_id == "a");
    CHECK(status.tasks[0].running == 5s);
    CHECK(status.tasks[1].messages == 3);
    CHECK(status.tasks[1].running == 3s);
    CHECK(status.uptime == 5s);
    CHECK(status.batches == 0);
    CHECK(status.wait.count == 4);
    CHECK(status.wait.max == 1s);
    activity.ended(1, one, 5s, true);
    clock.advance(1s);
    ConsumerStatus later;
    activity.tell(later);
    REQUIRE(later.tasks.size() == 1);
    CHECK(later.tasks[0].message_id == "b");
    CHECK(later.run.count == 1);
    CHECK(later.run.max == 5s);
    CHECK(later.batches == 1);
    activity.ended(2, three, 4s, false);
    ConsumerStatus last;
    activity.tell(last);
    CHECK(last.tasks.empty());
    CHECK(last.run.count == 1);
    CHECK(last.batches == 1);
}

TEST_CASE("the last five failures are kept, their reasons cut") {
    test::ManualClock clock;
    Activity activity(clock);
    for (int i = 0; i < 7; ++i)
        activity.failed(message(std::to_string(i)), {.reason = std::string(1000, 'x')}, {});
    clock.advance(1s);
    ConsumerStatus status;
    activity.tell(status);
    REQUIRE(status.failures.size() == 5);
    CHECK(status.failures.front().message_id == "2");
    CHECK(status.failures.back().message_id == "6");
    CHECK(status.failures.back().reason.size() == 200);
    CHECK(status.failed_rates.second == 7);
}

TEST_CASE("only what was acked counts for the pace") {
    test::ManualClock clock;
    Activity activity(clock);
    for (const auto conclusion : {Conclusion::ack, Conclusion::retry, Conclusion::lost,
                                  Conclusion::duplicate, Conclusion::ack})
        activity.concluded(message("a"), conclusion, {});
    clock.advance(1s);
    ConsumerStatus status;
    activity.tell(status);
    CHECK(status.handled_rates.second == 2);
}

TEST_CASE("state, reconnects and confirms are told on") {
    test::ManualClock clock;
    Activity activity(clock);
    ConsumerStatus status;
    activity.tell(status);
    CHECK(status.state == ConsumerState::starting);
    activity.state_changed(ConsumerState::tripped);
    activity.restored(3);
    activity.copied(2ms);
    activity.tell(status);
    CHECK(status.state == ConsumerState::tripped);
    CHECK(status.reconnects == 3);
    CHECK(status.confirm.count == 1);
}

}  // namespace
}  // namespace airy::work
