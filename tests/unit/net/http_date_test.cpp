// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "net/http_date.hpp"

#include <doctest/doctest.h>

using namespace airy;
using namespace std::chrono_literals;
using net::parse_http_date;
using net::parse_retry_after;

namespace {

constexpr util::SystemTime in_1994 = util::SystemTime(784111777s);

}  // namespace

TEST_CASE("the three forms of a date") {
    // The examples of RFC 9110.
    CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT") == in_1994);
    CHECK(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT") == in_1994);
    CHECK(parse_http_date("Sun Nov  6 08:49:37 1994") == in_1994);
    CHECK(parse_http_date("Wed Nov 16 08:49:37 1994") == in_1994 + 240h);
    CHECK(parse_http_date("Thu, 29 Feb 2024 23:59:60 GMT").has_value());
}

TEST_CASE("anything else is no date") {
    for (const char* text : {"", "0", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 GMT ",
                             "Sun, 6 Nov 1994 08:49:37 GMT", "sun, 06 nov 1994 08:49:37 gmt",
                             "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:37 GMT",
                             "Thu, 30 Feb 2024 00:00:00 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
                             "Sun, 06 Nov 9999 08:49:37 GMT", "Sun, 06 Nov 0001 08:49:37 GMT",
                             "Sun, 06 Nov +994 08:49:37 GMT", "1994-11-06T08:49:37Z"}) {
        CAPTURE(text);
        CHECK_FALSE(parse_http_date(text));
    }
}

TEST_CASE("Retry-After is a number of seconds or a date") {
    CHECK(parse_retry_after("0", in_1994) == 0s);
    CHECK(parse_retry_after("120", in_1994) == 120s);
    CHECK(parse_retry_after("99999999999999999999", in_1994) == std::chrono::years(100));
    CHECK(parse_retry_after("Sun, 06 Nov 1994 08:49:40 GMT", in_1994) == 3s);
    CHECK(parse_retry_after("Sun, 06 Nov 1994 08:49:40 GMT", in_1994 + 1ms) == 3s);
    CHECK(parse_retry_after("Sun, 06 Nov 1994 08:49:36 GMT", in_1994) == 0s);
    for (const char* text : {"", " 1", "-1", "1.5", "soon"})
        CHECK_FALSE(parse_retry_after(text, in_1994));
}
