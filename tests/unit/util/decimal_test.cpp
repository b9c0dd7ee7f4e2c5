// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "util/decimal.hpp"

#include <doctest/doctest.h>

#include <compare>
#include <random>
#include <string>

using airy::util::compare_decimals;

namespace {

bool less(const std::string& a, const std::string& b) {
    return compare_decimals(a, b) < 0 && compare_decimals(b, a) > 0;
}
bool same(const std::string& a, const std::string& b) {
    return compare_decimals(a, b) == 0 && compare_decimals(b, a) == 0;
}

}  // namespace

TEST_CASE("decimals compare by value, whatever their form") {
    CHECK(same("0", "-0"));
    CHECK(same("0", "0.000e99"));
    CHECK(same("1", "1.0"));
    CHECK(same("100", "1e2"));
    CHECK(same("0.01", "1E-2"));
    CHECK(same("12.50e+1", "125"));
    CHECK(same("-3.10", "-31e-1"));
    CHECK(less("-1", "0"));
    CHECK(less("-2", "-1"));
    CHECK(less("9", "10"));
    CHECK(less("0.09", "0.1"));
    CHECK(less("-0.1", "-0.09"));
    CHECK(less("1e-7", "1e-6"));
    CHECK(less("1.2", "1.25"));
}

TEST_CASE("decimals beyond doubles and beyond 64 bits stay exact") {
    CHECK(less("9007199254740992", "9007199254740993"));
    CHECK(less("9223372036854775807", "9223372036854775808"));
    CHECK(less("0.10000000000000000000000001", "0.10000000000000000000000002"));
    CHECK(less("1e400", "1e401"));
    CHECK(less("1e999999999999999999998", "1e999999999999999999999999") == false);  // both endless
    CHECK(less("5", "1e999999999999999999999"));
    CHECK(less("1e-999999999999999999999", "1"));
}

TEST_CASE("integers compare as the machine does") {
    std::mt19937_64 random(3);
    for (int i = 0; i < 2000; ++i) {
        const auto a = static_cast<std::int64_t>(random()) >> (random() % 64);
        const auto b = static_cast<std::int64_t>(random()) >> (random() % 64);
        REQUIRE(compare_decimals(std::to_string(a), std::to_string(b)) == (a <=> b));
    }
}
