// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/copies/return_counts.hpp"

#include <doctest/doctest.h>

using namespace airy;
using namespace airy::mq::copies;

TEST_CASE("returns are counted by message, only for the latest messages") {
    ReturnCounts counts(2);
    event::Message a;
    a.body = "a";
    auto b = a;
    b.properties.message_id = "other";
    auto c = a;
    c.topic = "c";
    counts.returned(a, 1);
    counts.returned(a, 2);
    counts.returned(b, 1);
    CHECK(counts.of(a) == 2);
    counts.returned(a, 1);  // an equal message, for the first time
    CHECK(counts.of(a) == 2);
    CHECK(counts.of(b) == 1);
    CHECK(counts.of(c) == 0);
    counts.returned(c, 1);
    CHECK(counts.of(a) == 0);
    CHECK(counts.of(c) == 1);
    counts.forget(c);
    CHECK(counts.of(c) == 0);
}
