// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "util/timestamp.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <random>

using namespace std::chrono_literals;
using airy::util::format_rfc3339;
using airy::util::parse_rfc3339;
using airy::util::scan_rfc3339;
using airy::util::SystemTime;

TEST_CASE("times are written in UTC with the digits they need") {
    const SystemTime noon = std::chrono::sys_days(std::chrono::year(2026) / 1 / 31) + 12h;
    CHECK(format_rfc3339(noon) == "2026-01-31T12:00:00Z");
    CHECK(format_rfc3339(noon + 1ns) == "2026-01-31T12:00:00.000000001Z");
    CHECK(format_rfc3339(noon + 120ms) == "2026-01-31T12:00:00.12Z");
    CHECK(format_rfc3339(noon + 123'456'789ns) == "2026-01-31T12:00:00.123456789Z");
    CHECK(format_rfc3339(SystemTime{}) == "1970-01-01T00:00:00Z");
    CHECK(format_rfc3339(SystemTime{-1ns}) == "1969-12-31T23:59:59.999999999Z");
    CHECK(format_rfc3339(SystemTime::max()) == "2262-04-11T23:47:16.854775807Z");
}

TEST_CASE("zones and fractions are read exactly") {
    const auto time = parse_rfc3339("2026-11-23T20:31:25.123456789+08:00");
    REQUIRE(time);
    CHECK(format_rfc3339(*time) == "2026-11-23T12:31:25.123456789Z");
    CHECK(parse_rfc3339("2026-11-23T12:31:25.5Z") ==
          parse_rfc3339("2026-11-23T12:31:25.500-00:00"));
    CHECK(format_rfc3339(*parse_rfc3339("2026-01-01T00:30:00+01:00")) == "2025-12-31T23:30:00Z");
    CHECK(format_rfc3339(*parse_rfc3339("2024-02-29T23:59:59-23:59")) == "2024-03-01T23:58:59Z");
    CHECK(format_rfc3339(*parse_rfc3339("1969-12-31T23:59:59.25Z")) == "1969-12-31T23:59:59.25Z");
}

TEST_CASE("the whole range of years is known, though SystemTime is smaller") {
    REQUIRE(scan_rfc3339("0001-01-01T00:00:00Z"));  // Go's zero time
    CHECK(scan_rfc3339("0001-01-01T00:00:00Z")->seconds == -62'135'596'800);
    CHECK(scan_rfc3339("9999-12-31T23:59:59.999999999Z")->seconds == 253'402'300'799);
    CHECK_FALSE(parse_rfc3339("0001-01-01T00:00:00Z"));
    CHECK_FALSE(parse_rfc3339("9999-12-31T23:59:59Z"));
    CHECK(parse_rfc3339("2262-04-11T00:00:00Z"));
    CHECK(parse_rfc3339("1678-01-01T00:00:00Z"));
}

TEST_CASE("texts that are not RFC 3339 times") {
    for (const char* bad : {"",
                            "2026-11-23",
                            "2026-11-23T12:31:25",
                            "2026-11-23 12:31:25Z",
                            "2026-11-23t12:31:25Z",
                            "2026-11-23T12:31:25z",
                            "2026-02-29T00:00:00Z",
                            "1900-02-29T00:00:00Z",
                            "2026-04-31T00:00:00Z",
                            "2026-13-01T00:00:00Z",
                            "2026-00-01T00:00:00Z",
                            "2026-01-00T00:00:00Z",
                            "2026-01-01T24:00:00Z",
                            "2026-01-01T00:60:00Z",
                            "2016-12-31T23:59:60Z",
                            "2026-01-01T00:00:00.Z",
                            "2026-01-01T00:00:00,5Z",
                            "2026-01-01T00:00:00.1234567890Z",
                            "2026-01-01T00:00:00+24:00",
                            "2026-01-01T00:00:00+08:60",
                            "2026-01-01T00:00:00+0800",
                            "2026-01-01T00:00:00+08",
                            "2026-01-01T00:00:00Z ",
                            " 2026-01-01T00:00:00Z",
                            "2026-1-01T00:00:00Z",
                            "2026-01-01T0:00:00Z",
                            "+026-01-01T00:00:00Z",
                            "12026-01-01T00:00:00Z",
                            "2026-01-01T00:00:00ZZ",
                            "2026-01-01T00:00:00.5"}) {
        CAPTURE(bad);
        CHECK_FALSE(scan_rfc3339(bad));
    }
    CHECK(scan_rfc3339("2000-02-29T00:00:00Z"));
}

TEST_CASE("every time reads back as it was") {
    std::mt19937_64 random(1);
    for (int i = 0; i < 2000; ++i) {
        // Seconds whose nanoseconds stay within the range on both sides.
        const auto ns = static_cast<std::int64_t>(random()) / 2;
        const SystemTime time{std::chrono::nanoseconds(ns)};
        REQUIRE(parse_rfc3339(format_rfc3339(time)) == time);
    }
}
