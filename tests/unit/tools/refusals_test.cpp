// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "publish/refusals.hpp"

#include <doctest/doctest.h>

using namespace airy;
using namespace std::chrono_literals;
using tools::publish::Refusals;
using tools::publish::Submission;

namespace {

const util::SteadyTime begin{1h};

Submission refused(std::uint64_t line, const std::string& topic = "a.b") {
    return {line, "id", topic, {}};
}

// The line of the first event whose pause is over; 0: there is none.
std::uint64_t due(Refusals& refusals, util::SteadyTime now) {
    const auto* const first = refusals.due(now);
    return first == nullptr ? 0 : first->about.line;
}

}  // namespace

TEST_CASE("a refused event goes again after pauses that double, and is told after the last") {
    Refusals refusals({.most = 7, .within = {}}, 10, 1);
    auto about = refused(3);
    auto now = begin;
    auto longest = 100ms;
    for (int i = 1; i <= 7; ++i) {
        REQUIRE(refusals.counts(about, now));
        refusals.add({}, about, now);
        CHECK(refusals.left(now) <= longest);
        CHECK(refusals.left(now) >= longest / 2);
        CHECK(due(refusals, now) == 0);
        now += longest;
        CHECK(refusals.left(now) == 0ms);
        CHECK(due(refusals, now) == 3);
        refusals.remove_first();
        longest = std::min(longest * 2, 5000ms);
    }
    CHECK_FALSE(refusals.counts(about, now));
    CHECK(about.refusals == 8);
}

TEST_CASE("refused events keep their order, and bound what is read") {
    Refusals refusals({.most = 9, .within = {}}, 2, 1);
    CHECK(refusals.empty());
    auto old = refused(1);
    old.refusals = 6;
    auto fresh = refused(2);
    REQUIRE(refusals.counts(old, begin));
    refusals.add({}, old, begin);
    CHECK_FALSE(refusals.full());
    REQUIRE(refusals.counts(fresh, begin));
    refusals.add({}, fresh, begin);
    CHECK(refusals.full());
    CHECK(due(refusals, begin + 200ms) == 0);
    CHECK(due(refusals, begin + 5s) == 1);
    refusals.remove_first();
    CHECK(due(refusals, begin + 5s) == 2);
    // Refused again, it waits before those of later lines.
    REQUIRE(refusals.counts(old, begin + 5s));
    refusals.add({}, old, begin + 5s);
    CHECK(due(refusals, begin + 5s) == 0);
    CHECK(due(refusals, begin + 10s) == 1);
}

TEST_CASE("after one event of a topic was given up, others of it go once, until one is confirmed") {
    Refusals refusals({.most = 1, .within = {}}, 10, 1);
    auto first = refused(1);
    CHECK(refusals.counts(first, begin));
    CHECK_FALSE(refusals.counts(first, begin));
    auto second = refused(2);
    CHECK_FALSE(refusals.counts(second, begin));
    auto other = refused(3, "c.d");
    CHECK(refusals.counts(other, begin));
    refusals.confirmed("a.b");
    auto third = refused(4);
    CHECK(refusals.counts(third, begin));
}

TEST_CASE("no event goes again after its time, and the last time is at its end") {
    Refusals refusals({.most = 100, .within = 300ms}, 10, 1);
    auto about = refused(1);
    about.refusals = 5;
    about.first_refused_at = begin;
    REQUIRE(refusals.counts(about, begin + 100ms));
    refusals.add({}, about, begin + 100ms);
    CHECK(refusals.left(begin + 100ms) == 200ms);
    CHECK_FALSE(refusals.counts(about, begin + 300ms));
    Refusals none({}, 10, 1);
    auto one = refused(1);
    CHECK_FALSE(none.counts(one, begin));
}
