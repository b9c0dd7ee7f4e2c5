// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "util/text.hpp"

#include <doctest/doctest.h>

#include <array>
#include <random>
#include <string>

using namespace airy::util;
using namespace std::string_literals;

TEST_CASE("UTF-8 and bytes that only look like it") {
    CHECK(is_utf8(""));
    CHECK(is_utf8("plain ASCII, longer than eight bytes\0 with NUL"s));
    CHECK(is_utf8("Grüße, 世界, 🎉"));
    CHECK(is_utf8("\xF4\x8F\xBF\xBF"));        // U+10FFFF
    CHECK_FALSE(is_utf8("\x80"));              // continuation alone
    CHECK_FALSE(is_utf8("\xC0\x80"));          // overlong NUL
    CHECK_FALSE(is_utf8("\xE0\x9F\xBF"));      // overlong
    CHECK_FALSE(is_utf8("\xF0\x8F\xBF\xBF"));  // overlong
    CHECK_FALSE(is_utf8("\xED\xA0\x80"));      // surrogate
    CHECK_FALSE(is_utf8("\xF4\x90\x80\x80"));  // beyond U+10FFFF
    CHECK_FALSE(is_utf8("\xFF"));
    CHECK_FALSE(is_utf8("cut short \xE4\xB8"));
    CHECK_FALSE(is_utf8("12345678901234\xC3"));
}

TEST_CASE("names that are equal but for case, as Go's encoding/json sees them") {
    for (const char* text : {"post_id", "Post_ID", "POST_ID", "po\u017Ft_id"}) {
        CAPTURE(text);
        CHECK(equal_folded(text, "post_id"));
    }
    CHECK(equal_folded("\u212Aey", "key"));
    CHECK(equal_folded("", ""));
    for (const char* text : {"", "post_i", "post_idx", "post-id", "post_\u0131d", "post_\u0130d",
                             "postid", "\uFF50ost_id", "po\xC5", "post_id\u017F"}) {
        CAPTURE(text);
        CHECK_FALSE(equal_folded(text, "post_id"));
    }
}

TEST_CASE("base64 of RFC 4648 section 10, both ways") {
    const std::array<std::array<std::string, 2>, 7> vectors{{{"", ""},
                                                             {"f", "Zg=="},
                                                             {"fo", "Zm8="},
                                                             {"foo", "Zm9v"},
                                                             {"foob", "Zm9vYg=="},
                                                             {"fooba", "Zm9vYmE="},
                                                             {"foobar", "Zm9vYmFy"}}};
    for (const auto& [bytes, text] : vectors) {
        CHECK(base64_encode(bytes) == text);
        CHECK(base64_decode(text) == bytes);
    }
    CHECK(base64_encode("\0\xFF\xFE"s) == "AP/+");
}

TEST_CASE("base64 is strict") {
    for (const char* bad : {"Z", "Zg", "Zg=", "Zg===", "Z===", "====", "=", "Zh==", "Zm9=", "Zm 9v",
                            "Zm9v\n", "Zm9-", "Zg==Zg==", "Z=g="}) {
        CAPTURE(bad);
        CHECK_FALSE(base64_decode(bad));
    }
}

TEST_CASE("base64 gives back any bytes") {
    std::mt19937 random(2);
    for (int i = 0; i < 500; ++i) {
        std::string bytes(random() % 100, '\0');
        for (auto& c : bytes)
            c = static_cast<char>(random());
        REQUIRE(base64_decode(base64_encode(bytes)) == bytes);
    }
}

TEST_CASE("edit distance counts a swap of neighbours as one") {
    CHECK(edit_distance("", "") == 0);
    CHECK(edit_distance("abc", "") == 3);
    CHECK(edit_distance("", "abc") == 3);
    CHECK(edit_distance("kitten", "sitting") == 3);
    CHECK(edit_distance("publish", "pubilsh") == 1);
}

TEST_CASE("the nearest word is near enough") {
    constexpr std::array<std::string_view, 4> words{"publish", "tail", "consume", "stats"};
    CHECK(nearest("pubish", words) == "publish");
    CHECK(nearest("tial", words) == "tail");
    CHECK(nearest("stat", words) == "stats");
    CHECK(nearest("xyz", words).empty());
    CHECK(nearest("", words).empty());
    CHECK(nearest(std::string(10'000, 'x'), words).empty());
}

TEST_CASE("untrusted text cannot control a terminal") {
    CHECK(printable("Grüße, 世界 🎉") == "Grüße, 世界 🎉");
    CHECK(printable("\033[31mred\a") == "\\x1b[31mred\\x07");
    CHECK(printable("a\nb\tc\rd\0e"s) == "a\\nb\\tc\\rd\\x00e");
    CHECK(printable("\x80\xFF") == "\\x80\\xff");
    CHECK(printable("\xC2\x9B"
                    "31m") == "\\u{9b}31m");                // C1 control: CSI
    CHECK(printable("\xE2\x80\xAEtxt") == "\\u{202e}txt");  // right-to-left override
    CHECK(printable("\xED\xA0\x80") == "\\xed\\xa0\\x80");  // surrogate
    CHECK(printable(std::string(300, 'x')) == std::string(200, 'x') + "…");
    CHECK(printable(std::string(200, 'x')) == std::string(200, 'x'));
    CHECK(is_utf8(printable("世界世界世界", 7)));
}
