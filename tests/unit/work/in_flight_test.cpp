// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/in_flight.hpp"

#include <doctest/doctest.h>

using airy::work::InFlight;

TEST_CASE("taken and not settled is in flight") {
    InFlight in_flight;
    in_flight.taken({1, 1});
    in_flight.taken({1, 2});
    in_flight.taken({2, 1});
    CHECK(in_flight.count() == 3);
    in_flight.settled({1, 2});
    CHECK(in_flight.count() == 2);
    CHECK_FALSE(in_flight.any_void());
}

TEST_CASE("an interruption voids the deliveries of its part, until all are settled") {
    InFlight in_flight;
    in_flight.taken({1, 1});
    in_flight.taken({2, 1});
    in_flight.interrupted(1);
    CHECK(in_flight.any_void());
    CHECK(in_flight.is_void({1, 1}));
    CHECK_FALSE(in_flight.is_void({2, 1}));
    CHECK(in_flight.count() == 2);
    in_flight.settled({1, 1});
    CHECK_FALSE(in_flight.any_void());
    CHECK(in_flight.count() == 1);
}

TEST_CASE("part 0 means every part that there is, and none that comes later") {
    InFlight in_flight;
    in_flight.taken({1, 1});
    in_flight.taken({2, 1});
    in_flight.interrupted(0);
    in_flight.taken({3, 1});
    CHECK(in_flight.is_void({1, 1}));
    CHECK(in_flight.is_void({2, 1}));
    CHECK_FALSE(in_flight.is_void({3, 1}));
}

TEST_CASE("lost for good, everything is void") {
    InFlight in_flight;
    in_flight.lost();
    CHECK(in_flight.any_void());
    CHECK(in_flight.is_void({7, 7}));
}
