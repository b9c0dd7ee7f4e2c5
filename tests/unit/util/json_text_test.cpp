// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "util/json_text.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

using namespace airy::util;
using namespace std::string_literals;

namespace {

bool valid(std::string_view text) {
    return !check_json(text);
}

}  // namespace

TEST_CASE("texts that are JSON") {
    for (const auto& good : {R"({})"s,
                             R"([])"s,
                             R"(null)"s,
                             R"(true)"s,
                             R"(false)"s,
                             R"(0)"s,
                             R"(-0)"s,
                             R"("")"s,
                             " \t\r\n1 \n"s,
                             R"([1,[2,[3]],{"a":{}}])"s,
                             R"({"a":1,"a":2})"s,
                             R"({"":0})"s,
                             R"(-1.5e+10)"s,
                             R"(1E5)"s,
                             R"(0.0)"s,
                             R"(123456789012345678901234567890)"s,
                             R"(1e400)"s,
                             R"("\"\\\/\b\f\n\r\t\u0000\u003c")"s,
                             R"("\ud83c\udf89")"s,
                             "\"世界 🎉\""s,
                             "\"\x7f\""s,
                             "[[[[[[[[[[]]]]]]]]]]"s,
                             R"({"a":[{"b":[null]}]})"s,
                             R"("a string that is longer than eight bytes, with \" in it")"s}) {
        CAPTURE(good);
        CHECK(valid(good));
    }
}

TEST_CASE("texts that are not JSON") {
    for (const auto& bad : {""s,
                            " "s,
                            "{"s,
                            "}"s,
                            "["s,
                            "]"s,
                            "[1"s,
                            "[1,"s,
                            "[1,]"s,
                            "[,1]"s,
                            "[1 2]"s,
                            "[1}"s,
                            "{]"s,
                            R"({"a")"s,
                            R"({"a":)"s,
                            R"({"a":1)"s,
                            R"({"a":1,)"s,
                            R"({"a":1,})"s,
                            R"({"a" 1})"s,
                            R"({a:1})"s,
                            R"({'a':1})"s,
                            R"({1:1})"s,
                            R"({,})"s,
                            R"({"a"})"s,
                            R"({"a":1 "b":2})"s,
                            "nul"s,
                            "nulll"s,
                            "True"s,
                            "NaN"s,
                            "Infinity"s,
                            "-Infinity"s,
                            "+1"s,
                            "01"s,
                            "-01"s,
                            "-"s,
                            "1."s,
                            ".5"s,
                            "1.e5"s,
                            "1e"s,
                            "1e+"s,
                            "0x10"s,
                            "1_000"s,
                            "1 2"s,
                            "{}{}"s,
                            "{} x"s,
                            "\"a"s,
                            "\"\\\""s,
                            R"("\x41")"s,
                            R"("\u12")"s,
                            R"("\u12g4")"s,
                            R"("\ud800")"s,
                            R"("\udc00")"s,
                            R"("\ud800\u0041")"s,
                            R"("\ud800x")"s,
                            R"("\)"s,
                            "\"a\nb\""s,
                            "\"a\tb\""s,
                            "\"a\0b\""s,
                            "\"\x80\""s,
                            "\"\xc0\x80\""s,
                            "\"\xed\xa0\x80\""s,
                            "\"\xf4\x90\x80\x80\""s,
                            "\"\xe4\xb8\""s,
                            "\xef\xbb\xbf{}"s,
                            "/**/1"s,
                            "1//"s,
                            "\f1"s,
                            "\xc2\xa0"
                            "1"s,
                            "\0"s,
                            "1\0"s,
                            "[\0]"s}) {
        CAPTURE(bad);
        CHECK_FALSE(valid(bad));
    }
}

TEST_CASE("depth is limited") {
    const auto nested = [](std::size_t depth) {
        return std::string(depth, '[') + std::string(depth, ']');
    };
    CHECK(valid(nested(json_depth_limit)));
    CHECK_FALSE(valid(nested(json_depth_limit + 1)));
    CHECK_FALSE(check_json(nested(600), 600));
    CHECK(check_json(nested(5000), 5000));  // deeper than the scanner's stack
    CHECK_FALSE(valid(std::string(1'000'000, '[')));
    CHECK_FALSE(valid(std::string(1'000'000, '{')));
    std::string mixed;
    for (int i = 0; i < 100; ++i)
        mixed += R"({"a":[)";
    for (int i = 0; i < 100; ++i)
        mixed += "]}";
    CHECK(valid(mixed));
    mixed[mixed.size() - 1] = ']';
    CHECK_FALSE(valid(mixed));
}

TEST_CASE("faults have their position") {
    const auto at = [](std::string_view text) { return check_json(text)->position; };
    CHECK(at(R"({"a":tru})") == 5);
    CHECK(at(R"({"a":1,})") == 7);
    CHECK(at("[1 2]") == 3);
    CHECK(at("{} x") == 3);
    CHECK(at("\"abc\x80\"") == 4);
    CHECK(at(R"("abc\q")") == 4);
    CHECK(check_json("")->what == "it ends too early"s);
}

TEST_CASE("members and elements are views of the text") {
    std::vector<JsonMember> members;
    JsonKind kind{};
    const std::string text =
        R"( {"id": 9223372036854775807 ,"t\u0069tle":"a\"b","deep":{"x":[1,{"y":2}]},"e":{},"l":[ ],"n":null,"b":true} )";
    REQUIRE_FALSE(scan_json(text, kind, members));
    CHECK(kind == JsonKind::object);
    REQUIRE(members.size() == 7);
    CHECK(members[0].key == "id");
    CHECK(members[0].value == "9223372036854775807");
    CHECK(members[0].kind == JsonKind::number);
    CHECK_FALSE(members[0].key_escaped);
    CHECK(members[1].key == "t\\u0069tle");
    CHECK(members[1].key_escaped);
    CHECK(members[1].value == R"("a\"b")");
    CHECK(members[2].value == R"({"x":[1,{"y":2}]})");
    CHECK(members[2].kind == JsonKind::object);
    CHECK_FALSE(members[2].key_escaped);
    CHECK(members[3].value == "{}");
    CHECK(members[4].value == "[ ]");
    CHECK(members[4].kind == JsonKind::array);
    CHECK(members[5].kind == JsonKind::null);
    CHECK(members[6].kind == JsonKind::boolean);

    REQUIRE_FALSE(scan_json(R"([1, "two" ,[3]])", kind, members));
    CHECK(kind == JsonKind::array);
    REQUIRE(members.size() == 3);
    CHECK(members[1].value == R"("two")");
    CHECK(members[1].key.empty());
    REQUIRE_FALSE(scan_json(" 42 ", kind, members));
    CHECK(kind == JsonKind::number);
    CHECK(members.empty());
}

TEST_CASE("strings are unescaped and quoted") {
    CHECK(json_string(R"("plain")") == "plain");
    CHECK(json_string(R"("\"\\\/\b\f\n\r\t\u003c\u00e9\u4e16\ud83c\udf89\u0000!")") ==
          "\"\\/\b\f\n\r\t<é世🎉\0!"s);
    CHECK(quote_json("a\"b\\c\n\r\t\x01\x1f/<é世🎉") == R"("a\"b\\c\n\r\t\u0001\u001f/<é世🎉")");
    CHECK(quote_json("\0"s) == R"("\u0000")");
    CHECK(quote_json("") == R"("")");
}

TEST_CASE("integers are exact to 64 bits") {
    CHECK(json_int64("9223372036854775807") == 9223372036854775807LL);
    CHECK(json_int64("-9223372036854775808") == -9223372036854775807LL - 1);
    CHECK(json_int64("-0") == 0);
    CHECK_FALSE(json_int64("9223372036854775808"));
    CHECK_FALSE(json_int64("-9223372036854775809"));
    CHECK_FALSE(json_int64("1.0"));
    CHECK_FALSE(json_int64("1e3"));
    CHECK_FALSE(json_int64(""));
    CHECK(is_json_number("-12.5e3"));
    for (const char* bad : {"", "-", "+1", "1 ", " 1", "01", "1.", "NaN", "0x1", "1,2", "[1]"}) {
        CAPTURE(bad);
        CHECK_FALSE(is_json_number(bad));
    }
}

// nlohmann/json refuses numbers beyond a double and accepts a byte order mark; else both must
// agree.
TEST_CASE("the scanner agrees with nlohmann/json on mutated texts") {
    const std::vector<std::string> seeds{
        R"({"event_id":"0a7b2d5e-5a52-4c4c-9c39-6f1d2a3b4c5d","post_id":42,"title":"a\u003cb\ud83c\udf89 世界"})",
        R"([1,-2.5e+3,true,false,null,"x",{"a":[{}]},[[],[[]]]])",
        R"( { "a" : [ 1 , 2 ] , "b" : { "c" : "d\n\"\\" } } )",
        "[\"Grüße 世界 🎉\",\"\\ud83c\\udf89\",\"\x7f\"]",
    };
    const std::string alphabet = "{}[]:,\"\\ntrue fals0123456789-+.eEuU\t\n\x80\xc3\xa9\xed\x01/";
    std::mt19937 random(4);
    int accepted = 0;
    int compared = 0;
    for (int i = 0; i < 60'000; ++i) {
        auto text = seeds[random() % seeds.size()];
        for (auto edits = random() % 3; edits-- > 0 && !text.empty();) {
            const auto at = random() % text.size();
            const char c = alphabet[random() % alphabet.size()];
            switch (random() % 4) {
                case 0:
                    text[at] = c;
                    break;
                case 1:
                    text.insert(at, 1, c);
                    break;
                case 2:
                    text.erase(at, 1 + random() % 4);
                    break;
                default:
                    text.resize(at);
            }
        }
        // A longer exponent may be beyond a double.
        if (text.find("e+3") != std::string::npos && text.find("e+3,") == std::string::npos)
            continue;
        const bool ours = valid(text);
        CAPTURE(text);
        REQUIRE(ours == nlohmann::json::accept(text));
        accepted += ours ? 1 : 0;
        ++compared;
    }
    CHECK(accepted > 15'000);
    CHECK(compared - accepted > 15'000);
}

TEST_CASE("nlohmann/json and json_string read quoted text back") {
    std::mt19937 random(5);
    for (int i = 0; i < 3000; ++i) {
        std::string text;
        for (auto length = random() % 30; length-- > 0;) {
            static const std::vector<std::string> pieces{"a",  "\"", "\\", "\n", "\x01", "é",
                                                         "世", "🎉",  "/",  "<",  "\x7f"};
            text += random() % 8 == 0 ? "\0"s : pieces[random() % pieces.size()];
        }
        const auto quoted = quote_json(text);
        REQUIRE(valid(quoted));
        REQUIRE(json_string(quoted) == text);
        REQUIRE(nlohmann::json::parse(quoted).get<std::string>() == text);
        // json_string also reads nlohmann's escapes of all characters beyond ASCII.
        REQUIRE(json_string(nlohmann::json(text).dump(-1, ' ', true)) == text);
    }
}
