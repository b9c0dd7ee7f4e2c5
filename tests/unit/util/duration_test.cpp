// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "util/duration.hpp"

#include <doctest/doctest.h>

#include <string>

#include "util/error.hpp"

using namespace std::chrono_literals;
using airy::util::format_duration;
using airy::util::parse_duration;

TEST_CASE("durations with one unit") {
    CHECK(parse_duration("250ms") == 250ms);
    CHECK(parse_duration("30s") == 30s);
    CHECK(parse_duration("5m") == 5min);
    CHECK(parse_duration("2h") == 2h);
    CHECK(parse_duration("1d") == 24h);
    CHECK(parse_duration("7us") == 7us);
    CHECK(parse_duration("7µs") == 7us);
    CHECK(parse_duration("9ns") == 9ns);
    CHECK(parse_duration("0s") == 0s);
    CHECK(parse_duration("0") == 0s);
}

TEST_CASE("durations with fractions and several units") {
    CHECK(parse_duration("1.5s") == 1500ms);
    CHECK(parse_duration(".5s") == 500ms);
    CHECK(parse_duration("0.000000001s") == 1ns);
    CHECK(parse_duration("106751.500000000000000d") == 24h * 106751 + 12h);
    CHECK(parse_duration("9223372036.854775807s") == std::chrono::nanoseconds::max());
    CHECK(parse_duration("1m30s") == 90s);
    CHECK(parse_duration("1h2m3s4ms") == 1h + 2min + 3s + 4ms);
    CHECK(parse_duration("106751d") == 24h * 106751);
}

TEST_CASE("the error of an invalid duration names the value and the accepted form") {
    for (const std::string bad :
         {"", "30", "s", "1.s", "1x", "1 s", "-5s", "1s1m", "1s1s", "5ss", "1e3s", "nan", "0x1s",
          "106752d", "99999999999999999999s", "1..5s", "ms250", "1.5",
          // Times a unit, these overflow 128 bits unless the fraction is kept apart.
          "41140000000000000.4441140000000000000m8s", "9000000000000000000.999999999999999d"}) {
        CAPTURE(bad);
        try {
            parse_duration(bad);
            FAIL_CHECK("accepted");
        } catch (const airy::Error& error) {
            CHECK(error.kind() == airy::ErrorKind::usage);
            const std::string message = error.what();
            CHECK(message.find("'" + bad + "'") != std::string::npos);
            CHECK(message.find("250ms") != std::string::npos);
        }
    }
}

TEST_CASE("durations as people read them") {
    CHECK(format_duration(0s) == "0s");
    CHECK(format_duration(850ns) == "850ns");
    CHECK(format_duration(1200us) == "1.2ms");
    CHECK(format_duration(999us) == "999us");
    CHECK(format_duration(999'900ns) == "1ms");
    CHECK(format_duration(12'340us) == "12.3ms");
    CHECK(format_duration(123'400us) == "123ms");
    CHECK(format_duration(1s) == "1s");
    CHECK(format_duration(1500ms) == "1.5s");
    CHECK(format_duration(59'990ms) == "1m");
    CHECK(format_duration(90s) == "1m30s");
    CHECK(format_duration(5min) == "5m");
    CHECK(format_duration(2h) == "2h");
    CHECK(format_duration(2h + 5min + 9s) == "2h5m");
    CHECK(format_duration(49h) == "2d1h");
    CHECK(format_duration(-90s) == "-1m30s");
}

TEST_CASE("a duration that was not rounded reads back") {
    for (const auto duration :
         {1ns, 999ns, 30'000'000'000ns, 90'000'000'000ns, 7'200'000'000'000ns})
        CHECK(parse_duration(format_duration(duration)) == duration);
}
