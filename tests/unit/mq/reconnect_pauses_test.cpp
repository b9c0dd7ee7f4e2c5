// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/reconnect_pauses.hpp"

#include <doctest/doctest.h>

using namespace airy;
using namespace std::chrono_literals;
using mq::amqp::ReconnectPauses;

namespace {

const util::SteadyTime begin{1h};

}  // namespace

TEST_CASE("pauses double from 0.1 s to 5 s, each shortened by up to half, for ever") {
    for (std::uint32_t seed = 1; seed <= 50; ++seed) {
        ReconnectPauses pauses({.enabled = true}, begin, seed);
        auto longest = 100ms;
        for (std::uint64_t i = 1; i <= 20; ++i) {
            const auto pause = pauses.next(false, begin + 24h * i);
            REQUIRE(pause.has_value());
            CHECK(*pause <= longest);
            CHECK(*pause >= longest / 2);
            CHECK(pauses.attempts() == i);
            longest = std::min(longest * 2, 5000ms);
        }
    }
}

TEST_CASE("the pauses of two clients differ") {
    ReconnectPauses one({.enabled = true}, begin, 1);
    ReconnectPauses two({.enabled = true}, begin, 2);
    int same = 0;
    for (int i = 0; i < 20; ++i)
        if (one.next(false, begin) == two.next(false, begin)) ++same;
    CHECK(same < 5);
}

TEST_CASE("where no broker listens, attempts come at least every half second") {
    ReconnectPauses pauses({.enabled = true}, begin, 1);
    for (int i = 0; i < 20; ++i)
        CHECK(*pauses.next(true, begin) <= ReconnectPauses::longest_unheard);
    CHECK(*pauses.next(false, begin) >= 2500ms);
}

TEST_CASE("attempts are limited in number") {
    ReconnectPauses pauses({.enabled = true, .max_attempts = 2}, begin, 1);
    CHECK(pauses.next(false, begin).has_value());
    CHECK(pauses.next(true, begin).has_value());
    CHECK_FALSE(pauses.next(false, begin).has_value());
    CHECK(pauses.attempts() == 2);
    ReconnectPauses none({.enabled = true, .max_attempts = 0}, begin, 1);
    CHECK_FALSE(none.next(false, begin).has_value());
}

TEST_CASE("attempts are limited in time, with the last one at its end") {
    ReconnectPauses pauses({.enabled = true, .max_time = 10s}, begin, 1);
    for (int i = 0; i < 8; ++i)
        CHECK(pauses.next(false, begin).has_value());
    CHECK(pauses.next(false, begin + 9999ms) == 1ms);
    CHECK_FALSE(pauses.next(false, begin + 10s).has_value());
}
