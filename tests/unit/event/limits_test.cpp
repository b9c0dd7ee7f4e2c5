// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "event/limits.hpp"

#include <doctest/doctest.h>

#include "util/error.hpp"

namespace airy::event {

TEST_CASE("an expiration is a number of milliseconds, of ten years at most") {
    Properties properties;
    CHECK_FALSE(expiration_of(properties));
    for (const auto& [text, value] : {std::pair<const char*, std::int64_t>{"0", 0},
                                      {"007", 7},
                                      {"315360000000", longest_wait}}) {
        properties.expiration = text;
        CHECK(expiration_of(properties) == value);
    }
    for (const auto* wrong : {"", "soon", "1s", "+1", "-1", " 1", "1.5", "315360000001",
                              "9223372036854775807", "18446744073709551616"}) {
        CAPTURE(wrong);
        properties.expiration = wrong;
        try {
            expiration_of(properties);
            FAIL("it was taken");
        } catch (const Error& error) {
            CHECK(error.kind() == ErrorKind::invalid_event);
        }
    }
}

TEST_CASE("headers are as deep as a message line can hold") {
    HeaderValue value{std::int64_t{1}};
    for (std::size_t depth = 2; depth < header_depth_limit; ++depth)
        value = HeaderValue{HeaderArray{value}};
    CHECK_FALSE(is_too_deep({{"x", HeaderValue{HeaderArray{value}}}}));
    CHECK_FALSE(is_too_deep({{"x", HeaderValue{HeaderTable{{"y", value}}}}}));
    value = HeaderValue{HeaderArray{value}};
    CHECK(is_too_deep({{"first", {}}, {"x", HeaderValue{HeaderArray{{}, value}}}}));
    CHECK(is_too_deep({{"x", HeaderValue{HeaderTable{{"y", value}}}}}));
}

}  // namespace airy::event
