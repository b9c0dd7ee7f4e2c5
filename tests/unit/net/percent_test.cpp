// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "net/percent.hpp"

#include <doctest/doctest.h>

using namespace airy;
using net::percent_encode;

namespace {

// The decoded text, or `%POSITION` of the bare `%`.
std::string decoded(std::string_view text) {
    std::string out = "what was there before";
    const auto fault = net::percent_decode(text, out);
    return fault ? "%" + std::to_string(fault->position) : out;
}

}  // namespace

TEST_CASE("names are encoded so that they stay one path segment") {
    CHECK(percent_encode("/") == "%2F");
    CHECK(percent_encode("a b?c#d%e+f") == "a%20b%3Fc%23d%25e%2Bf");
    CHECK(percent_encode("post.published-1_x~") == "post.published-1_x~");
    CHECK(percent_encode("\xE5\xB8\x96") == "%E5%B8%96");
    CHECK(percent_encode("..") == "..");
    CHECK(percent_encode(std::string_view("\0\x7f", 2)) == "%00%7F");
}

TEST_CASE("encoded text is decoded, with digits in either case") {
    std::string all;
    for (int byte = 0; byte < 256; ++byte)
        all += static_cast<char>(byte);
    CHECK(decoded(percent_encode(all)) == all);
    CHECK(decoded("%2f%2F%c3%A9+") == "//\xC3\xA9+");
    CHECK(decoded("").empty());
}

TEST_CASE("a bare % is reported with its position") {
    CHECK(decoded("%") == "%0");
    CHECK(decoded("a%20b%2") == "%5");
    CHECK(decoded("ab%zz") == "%2");
    CHECK(decoded("%%41") == "%0");
    CHECK(decoded("%4g%") == "%0");
}
