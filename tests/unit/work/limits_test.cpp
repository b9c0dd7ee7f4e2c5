// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// What keeps a consumer from doing too much, or the same again.
#include <doctest/doctest.h>

#include "util/rate_limit.hpp"
#include "work/breaker.hpp"
#include "work/dedup.hpp"

using namespace airy;
using namespace airy::work;
using namespace std::chrono_literals;

namespace {

const util::SteadyTime start{1h};

}  // namespace

TEST_CASE("dedup knows an id for as long as its window") {
    Dedup dedup(10s);
    CHECK_FALSE(dedup.knows("a", start));
    dedup.handled("a", start);
    CHECK(dedup.knows("a", start + 9s));
    dedup.handled("a", start + 9s);  // its window is the first one's
    CHECK_FALSE(dedup.knows("a", start + 10s));
}

TEST_CASE("dedup forgets the oldest beyond its limit") {
    Dedup dedup(1h, 2);
    dedup.handled("a", start);
    dedup.handled("b", start);
    dedup.handled("c", start);
    CHECK_FALSE(dedup.knows("a", start));
    CHECK(dedup.knows("b", start));
    CHECK(dedup.knows("c", start));
}

TEST_CASE("a rate lets so many start a second, evenly") {
    util::RateLimit rate(50);
    std::size_t started = 0;
    for (auto now = start; now < start + 10s; now += 1ms)
        started += rate.take(1000, now);
    CHECK(started >= 499);
    CHECK(started <= 506);
    util::RateLimit slow(0.5);
    CHECK(slow.take(5, start) == 1);
    CHECK(slow.take(5, start) == 0);
    CHECK(slow.next(start) == start + 2s);
    CHECK(slow.take(5, start + 1h) == 1);  // nothing is saved up
}

TEST_CASE("a breaker opens while a service is not there, and any verdict of the probe closes it") {
    Breaker breaker(0);
    CHECK_FALSE(breaker.failed(0, start));
    CHECK(breaker.absent(0, start));
    CHECK(breaker.waits_for_service());
    CHECK(breaker.pause() == 1s);
    CHECK_FALSE(breaker.absent(0, start));  // began before
    CHECK_FALSE(breaker.present(0));
    CHECK(breaker.allows(7, start + 1s) == 1);
    auto probe = breaker.started();
    CHECK(breaker.absent(probe, start + 1s));
    CHECK(breaker.pause() == 2s);
    for (auto now = start + 3s; now < start + 60s; now += 10s) {
        probe = breaker.started();
        CHECK(breaker.absent(probe, now));
    }
    CHECK(breaker.pause() == 10s);
    probe = breaker.started();
    CHECK(breaker.present(probe));
    CHECK_FALSE(breaker.failed(probe, start + 60s));  // the breaker has no limit of failures
    CHECK_FALSE(breaker.open());
    CHECK_FALSE(breaker.waits_for_service());
    CHECK(breaker.absent(0, start + 60s));
    CHECK(breaker.pause() == 1s);
    probe = breaker.started();
    CHECK(breaker.succeeded(probe));
    CHECK_FALSE(breaker.waits_for_service());
    CHECK(breaker.absent(0, start + 60s));
    breaker.reset();
    CHECK(breaker.allows(7, start + 60s) == 7);
}

TEST_CASE("failures and an absent service open one breaker") {
    Breaker breaker(1);
    CHECK(breaker.failed(0, start));
    auto probe = breaker.started();
    CHECK(breaker.absent(probe, start + 5s));
    CHECK(breaker.waits_for_service());
    probe = breaker.started();
    CHECK(breaker.present(probe));
    CHECK(breaker.failed(probe, start + 10s));
    CHECK_FALSE(breaker.waits_for_service());
    CHECK(breaker.pause() == 5s);
}

TEST_CASE("a breaker opens after failures in a row, probes, and closes on success") {
    Breaker breaker(3);
    CHECK_FALSE(breaker.failed(0, start));
    CHECK_FALSE(breaker.failed(0, start));
    CHECK_FALSE(breaker.succeeded(0));
    CHECK_FALSE(breaker.failed(0, start));
    CHECK_FALSE(breaker.failed(0, start));
    CHECK(breaker.allows(7, start) == 7);
    CHECK(breaker.started() == 0);
    CHECK(breaker.failed(0, start));
    CHECK(breaker.open());
    CHECK_FALSE(breaker.lets_start(0));
    CHECK_FALSE(breaker.failed(0, start));  // still ran
    CHECK(breaker.allows(7, start + 4s) == 0);
    CHECK(breaker.next(start) == start + 5s);
    CHECK(breaker.allows(7, start + 5s) == 1);
    auto probe = breaker.started();
    CHECK(breaker.lets_start(probe));
    CHECK(breaker.allows(7, start + 6s) == 0);
    CHECK(breaker.next(start + 6s) == util::SteadyTime::max());
    CHECK(breaker.failed(probe, start + 6s));
    CHECK(breaker.pause() == 10s);
    CHECK(breaker.allows(1, start + 15s) == 0);
    CHECK(breaker.allows(1, start + 16s) == 1);
    probe = breaker.started();
    breaker.undecided(probe);
    CHECK(breaker.allows(1, start + 16s) == 1);
    probe = breaker.started();
    CHECK(breaker.succeeded(probe));
    CHECK_FALSE(breaker.open());
    CHECK(breaker.allows(7, start + 16s) == 7);
}

TEST_CASE("what was started before says nothing about an open circuit") {
    Breaker breaker(1);
    CHECK(breaker.failed(0, start));
    const auto probe = breaker.started();
    CHECK_FALSE(breaker.failed(0, start + 6s));
    breaker.undecided(0);
    CHECK_FALSE(breaker.succeeded(0));
    CHECK(breaker.allows(1, start + 6s) == 0);  // the probe runs still
    CHECK(breaker.succeeded(probe));
    CHECK_FALSE(breaker.open());

    // Nor does a probe of before the circuit was closed by hand.
    CHECK(breaker.failed(0, start));
    const auto former = breaker.started();
    breaker.reset();
    CHECK(breaker.failed(0, start));
    const auto present = breaker.started();
    CHECK(former != present);
    CHECK_FALSE(breaker.succeeded(former));
    CHECK(breaker.succeeded(present));
}

TEST_CASE("a breaker pauses for a minute at most, and none is none") {
    Breaker breaker(1);
    auto now = start;
    Breaker::Probe probe = 0;
    for (int i = 0; i < 10; ++i) {
        CHECK(breaker.failed(probe, now));
        now += 1min;
        CHECK(breaker.allows(1, now) == 1);
        probe = breaker.started();
    }
    CHECK(breaker.pause() == 60s);
    Breaker none(0);
    for (int i = 0; i < 100; ++i)
        CHECK_FALSE(none.failed(0, start));
    CHECK(none.allows(9, start) == 9);
}
