// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "event/header_json.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <string>

using namespace airy::event;

namespace {

Message with(HeaderTable table) {
    Message message;
    message.has_headers = true;
    message.headers = std::move(table);
    return message;
}

std::string json(HeaderTable table) {
    std::string out;
    append_headers(out, with(std::move(table)));
    return out;
}

HeaderTable read(std::string_view headers, std::string_view types = {}) {
    Message message;
    read_headers(message, headers, types);
    return message.headers;
}

void refuses(std::string_view headers, std::string_view types, const std::string& part) {
    CAPTURE(headers);
    CAPTURE(types);
    try {
        read(headers, types);
        FAIL_CHECK("accepted");
    } catch (const LineFault& fault) {
        CAPTURE(fault.what());
        CHECK(std::string(fault.what()).find(part) != std::string::npos);
    }
}

}  // namespace

TEST_CASE("natural values need no types") {
    CHECK(
        json({{"n", {std::int64_t{-5}}},
              {"s", {std::string("text")}},
              {"b", {true}},
              {"v", {}},
              {"d", {1.25}},
              {"a", {HeaderArray{{std::int64_t{1}}, {false}}}},
              {"t", {HeaderTable{{"x", {std::string()}}}}},
              {"e", {HeaderTable{}}}}) ==
        R"("headers":{"n":-5,"s":"text","b":true,"v":null,"d":1.25,"a":[1,false],"t":{"x":""},"e":{}})");
}

TEST_CASE("other types are named by JSON pointer") {
    CHECK(json({{"x-retries", {std::int32_t{3}}},
                {"x-death",
                 {HeaderArray{{HeaderTable{{"count", {std::int64_t{1}}},
                                           {"time", {HeaderTimestamp{1795437085}}}}}}}}}) ==
          R"("headers":{"x-retries":3,"x-death":[{"count":1,"time":1795437085}]},)"
          R"("header_types":{"/x-retries":"int32","/x-death/0/time":"timestamp"})");
    CHECK(json({{"a/b~c", {std::uint8_t{1}}}}) ==
          R"("headers":{"a/b~c":1},"header_types":{"/a~1b~0c":"uint8"})");
    CHECK(json({{"x", {HeaderBytes{"hi"}}}, {"y", {std::string("\xff")}}}) ==
          R"("headers":{"x":"aGk=","y":"/w=="},"header_types":{"/x":"bytes","/y":"base64"})");
    CHECK(json({{"m", {HeaderDecimal{2, 314}}}}) ==
          R"("headers":{"m":{"value":314,"scale":2}},"header_types":{"/m":"decimal"})");
    CHECK(json({{"u", {std::numeric_limits<std::uint64_t>::max()}}}) ==
          R"("headers":{"u":18446744073709551615},"header_types":{"/u":"uint64"})");
}

TEST_CASE("doubles that read as integers, and doubles that JSON cannot write") {
    CHECK(json({{"d", {3.0}}}) == R"("headers":{"d":3.0},"header_types":{"/d":"double"})");
    CHECK(json({{"d", {-0.0}}}) == R"("headers":{"d":-0.0},"header_types":{"/d":"double"})");
    CHECK(json({{"d", {1e30}}}) == R"("headers":{"d":1e+30},"header_types":{"/d":"double"})");
    CHECK(json({{"d", {std::numeric_limits<double>::infinity()}}}) ==
          R"("headers":{"d":"Infinity"},"header_types":{"/d":"double"})");
    CHECK(json({{"f", {std::numeric_limits<float>::quiet_NaN()}}}) ==
          R"("headers":{"f":"NaN"},"header_types":{"/f":"float"})");
}

TEST_CASE("tables that no JSON object can hold") {
    CHECK(json({{"a", {std::int64_t{1}}}, {"a", {std::int32_t{2}}}}) ==
          R"("headers":[["YQ==",1],["YQ==",2]],"header_types":{"":"entries","/1/1":"int32"})");
    const auto back = read(R"([["YQ==",1],["YQ==",2]])", R"({"":"entries","/1/1":"int32"})");
    CHECK(back == HeaderTable{{"a", {std::int64_t{1}}}, {"a", {std::int32_t{2}}}});
}

TEST_CASE("header tables of other programs are read naturally") {
    CHECK(read(R"({"n":1,"d":1.0,"e":1e3,"s":"x","b":false,"v":null,"t":{"a":[1]}})") ==
          HeaderTable{{"n", {std::int64_t{1}}},
                      {"d", {1.0}},
                      {"e", {1000.0}},
                      {"s", {std::string("x")}},
                      {"b", {false}},
                      {"v", {}},
                      {"t", {HeaderTable{{"a", {HeaderArray{{std::int64_t{1}}}}}}}}});
    CHECK(read(R"({"k\u0065y":1})", R"({"/key":"int16"})") ==
          HeaderTable{{"key", {std::int16_t{1}}}});
    CHECK(read(R"({"x":1})", R"({"/other":"int8"})") == HeaderTable{{"x", {std::int64_t{1}}}});
    CHECK(read(R"({"x":1})", R"({"/x":"int64"})") == HeaderTable{{"x", {std::int64_t{1}}}});
}

TEST_CASE("header tables that cannot be read") {
    refuses(R"([])", "", "must be a JSON object");
    refuses(R"({"x":9223372036854775808})", "", "no 64-bit integer");
    refuses(R"({"x":128})", R"({"/x":"int8"})", "no 8-bit integer");
    refuses(R"({"x":-1})", R"({"/x":"uint32"})", "no 32-bit unsigned integer");
    refuses(R"({"x":"1"})", R"({"/x":"int32"})", "\"1\" is no 32-bit integer");
    refuses(R"({"x":1.5})", R"({"/x":"timestamp"})", "64-bit unsigned integer");
    refuses(R"({"x":1})", R"({"/x":"bytes"})", "base64 is needed");
    refuses(R"({"x":"*"})", R"({"/x":"bytes"})", "base64 is needed");
    refuses(R"({"x":"1"})", R"({"/x":"double"})", "no number that fits");
    refuses(R"({"x":"NaN:0"})", R"({"/x":"double"})", "no number that fits");
    refuses(R"({"x":1})", R"({"/x":"complex"})", "unknown header type 'complex'");
    refuses(R"({"x":1})", R"({"/x":7})", "must be a string");
    refuses(R"({"x":[[1]]})", R"({"/x":"entries"})", "[name, value]");
    refuses(R"({"x":1})", R"({"/x":"too_deep"})", "unknown header type");
}

TEST_CASE("too deep nesting is left out and marked") {
    HeaderValue value{std::int64_t{1}};
    for (int i = 0; i < 199; ++i)
        value = HeaderValue{HeaderArray{value}};
    const auto text = json({{"x", value}});
    CHECK(text.find("too_deep") == std::string::npos);
    CHECK(read(text.substr(10)) == HeaderTable{{"x", value}});
    value = HeaderValue{HeaderArray{value}};
    CHECK(json({{"x", value}}).find("too_deep") != std::string::npos);
    const auto nested = [](std::size_t depth) {
        return R"({"x":)" + std::string(depth, '[') + '1' + std::string(depth, ']') + '}';
    };
    CHECK(read(nested(199)).size() == 1);
    refuses(nested(200), "", "nested more than 200 deep");
}
