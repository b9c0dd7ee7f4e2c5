// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "util/json_writer.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

#include "util/json_text.hpp"

namespace airy::util {
namespace {

TEST_CASE("an object has its members in the order in which they were added") {
    CHECK(JsonObject().text() == "{}");
    CHECK(JsonObject().line() == "{}\n");
    CHECK(JsonObject().add("b", 1).add("a", "x").text() == R"({"b":1,"a":"x"})");
    CHECK(JsonObject().add("b", 1).line() == "{\"b\":1}\n");
}

TEST_CASE("arrays and objects nest") {
    CHECK(JsonArray().text() == "[]");
    CHECK(JsonArray(std::vector<std::string>{"a", "b"}).text() == R"(["a","b"])");
    const auto inner = JsonObject().add("list", JsonArray().add(1).add("two").add(JsonArray()));
    CHECK(JsonObject().add("o", inner).add("e", JsonObject()).text() ==
          R"({"o":{"list":[1,"two",[]]},"e":{}})");
}

TEST_CASE("integers keep all their digits") {
    CHECK(JsonArray()
              .add(std::numeric_limits<std::uint64_t>::max())
              .add(std::numeric_limits<std::int64_t>::min())
              .add(std::uint8_t{7})
              .add(std::size_t{0})
              .add(-1)
              .text() == "[18446744073709551615,-9223372036854775808,7,0,-1]");
}

TEST_CASE("booleans are not numbers, and a string literal is not a boolean") {
    CHECK(JsonArray().add(true).add(false).add("text").text() == R"([true,false,"text"])");
}

TEST_CASE("doubles have as many digits as they need, or as JsonFixed says") {
    CHECK(JsonArray().add(0.1).add(2.0).add(1e300).text() == "[0.1,2,1e+300]");
    CHECK(JsonArray().add(JsonFixed{1.5, 3}).add(JsonFixed{-0.05, 1}).add(JsonFixed{2, 0}).text() ==
          "[1.500,-0.1,2]");
}

TEST_CASE("a number that JSON cannot write is null") {
    const double infinite = std::numeric_limits<double>::infinity();
    CHECK(JsonArray()
              .add(infinite)
              .add(std::nan(""))
              .add(JsonFixed{-infinite, 3})
              .add(nullptr)
              .add(std::optional<int>())
              .add(null_if_empty(""))
              .text() == "[null,null,null,null,null,null]");
    CHECK(JsonArray().add(std::optional(3)).add(null_if_empty("a")).text() == R"([3,"a"])");
}

TEST_CASE("raw JSON is added unchanged") {
    CHECK(JsonObject().add("body", JsonRaw{R"({"id": 1.0})"}).text() == R"({"body":{"id": 1.0}})");
}

TEST_CASE("text and keys of any bytes give valid JSON") {
    const std::string nasty = "a\"b\\c\n\t\x01 \xc3\xa4";
    const auto text = JsonObject().add(nasty, nasty).text();
    const auto parsed = nlohmann::json::parse(text);
    CHECK(parsed.at(nasty) == nasty);
    const auto bytes = JsonObject().add("k\xff", "v\xfe").add("\xff", 1).text();
    CHECK_FALSE(check_json(bytes));
    CHECK(JsonObject().add("k", "v\xfe").text() == R"({"k":)" + quote_any_json("v\xfe") + "}");
}

}  // namespace
}  // namespace airy::util
