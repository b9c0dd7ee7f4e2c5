// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "util/backoff.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <limits>

using namespace std::chrono_literals;
using airy::util::Backoff;
using airy::util::shortened;

TEST_CASE("delays double from the first to the longest and stay there") {
    constexpr Backoff backoff{100ms, 1000ms};
    CHECK(backoff.delay(0) == 100ms);
    CHECK(backoff.delay(1) == 200ms);
    CHECK(backoff.delay(3) == 800ms);
    CHECK(backoff.delay(4) == 1000ms);
    CHECK(backoff.delay(std::numeric_limits<std::uint64_t>::max()) == 1000ms);
}

TEST_CASE("the longest delay holds for the first one, too") {
    CHECK(Backoff{10s, 5s}.delay(0) == 5s);
    CHECK(Backoff{10s, 5s}.delay(7) == 5s);
}

TEST_CASE("no doubling overflows, and a delay of zero ends at once") {
    constexpr auto longest = std::chrono::nanoseconds::max();
    CHECK(Backoff{std::chrono::nanoseconds(1), longest}.delay(63) == longest);
    CHECK(Backoff{0ms, 1000ms}.delay(std::numeric_limits<std::uint64_t>::max()) == 0ms);
}

TEST_CASE("a delay is shortened at random by half at most") {
    std::minstd_rand random(1);
    bool below = false;
    bool above = false;
    for (int i = 0; i < 1000; ++i) {
        const auto delay = shortened(101ms, random);
        REQUIRE(delay >= 51ms);
        REQUIRE(delay <= 101ms);
        below = below || delay < 60ms;
        above = above || delay > 92ms;
    }
    CHECK(below);
    CHECK(above);
    CHECK(shortened(1ms, random) == 1ms);
    CHECK(shortened(0ms, random) == 0ms);
}
