// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "event/message_line.hpp"

#include <doctest/doctest.h>

#include <bit>
#include <nlohmann/json.hpp>
#include <string>

#include "random_message.hpp"
#include "util/error.hpp"
#include "util/text.hpp"
#include "util/timestamp.hpp"

using namespace airy::event;
using namespace std::string_literals;

namespace {

const auto received_at = *airy::util::parse_rfc3339("2026-11-23T12:31:25.123456789Z");

std::string line_of(const Message& message, std::string_view queue = "q",
                    bool redelivered = false) {
    std::string line;
    append_message_line(line, message, queue, redelivered, received_at);
    return line;
}

Message with_body(std::string body) {
    Message message;
    message.topic = "post.updated";
    message.body = std::move(body);
    return message;
}

bool same(const HeaderTable& a, const HeaderTable& b);

// Compares bits: NaN equals itself, and 0.0 differs from -0.0.
bool same(const HeaderValue& a, const HeaderValue& b) {
    if (a.value.index() != b.value.index()) return false;
    if (const auto* x = std::get_if<double>(&a.value))
        return std::bit_cast<std::uint64_t>(*x) ==
               std::bit_cast<std::uint64_t>(std::get<double>(b.value));
    if (const auto* x = std::get_if<float>(&a.value))
        return std::bit_cast<std::uint32_t>(*x) ==
               std::bit_cast<std::uint32_t>(std::get<float>(b.value));
    if (const auto* x = std::get_if<HeaderTable>(&a.value))
        return same(*x, std::get<HeaderTable>(b.value));
    if (const auto* x = std::get_if<HeaderArray>(&a.value)) {
        const auto& y = std::get<HeaderArray>(b.value);
        if (x->size() != y.size()) return false;
        for (std::size_t i = 0; i < y.size(); ++i)
            if (!same((*x)[i], y[i])) return false;
        return true;
    }
    return a == b;
}

bool same(const HeaderTable& a, const HeaderTable& b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (a[i].first != b[i].first || !same(a[i].second, b[i].second)) return false;
    return true;
}

void check_round_trip(const Message& message) {
    const auto line = line_of(message);
    CAPTURE(line);
    REQUIRE(line.find('\n') == std::string::npos);
    REQUIRE(airy::util::is_utf8(line));
    const auto back = parse_message_line(line);
    REQUIRE(back.topic == message.topic);
    REQUIRE(back.exchange == message.exchange);
    REQUIRE(back.body == message.body);
    REQUIRE(back.properties == message.properties);
    REQUIRE(back.has_headers == message.has_headers);
    REQUIRE(same(back.headers, message.headers));
    // The parsed message gives the same line.
    REQUIRE(line_of(back) == line);
}

void refuses(const std::string& line, const std::string& part) {
    CAPTURE(line);
    try {
        parse_message_line(line);
        FAIL_CHECK("accepted");
    } catch (const airy::Error& error) {
        CHECK(error.kind() == airy::ErrorKind::invalid_event);
        CAPTURE(error.what());
        CHECK(std::string(error.what()).find(part) != std::string::npos);
    }
}

}  // namespace

TEST_CASE("the line of an ordinary event") {
    auto message = with_body(R"({"post_id":42,"title":"\u003cb\u003e"})");
    message.exchange = "airy.events";
    message.properties.content_type = "application/json";
    message.properties.delivery_mode = 2;
    message.properties.timestamp = 1795437085;
    CHECK(
        line_of(message, "search", true) ==
        R"({"topic":"post.updated","exchange":"airy.events","queue":"search","redelivered":true,)"
        R"("received_at":"2026-11-23T12:31:25.123456789Z",)"
        R"("properties":{"content_type":"application/json","delivery_mode":2,"timestamp":1795437085},)"
        R"("headers":{},"body":{"post_id":42,"title":"\u003cb\u003e"}})");
    check_round_trip(message);
}

TEST_CASE("a body stays JSON where that is exact, and becomes text or base64 where not") {
    const auto body_member = [](const std::string& body) {
        const auto line = line_of(with_body(body));
        const auto json = nlohmann::json::parse(line);
        for (const char* key : {"body", "body_text", "body_base64"})
            if (json.contains(key)) return key + ": "s + json[key].dump();
        return "none"s;
    };
    CHECK(body_member("{\"a\" : [1]}") == R"(body: {"a":[1]})");
    CHECK(body_member("null") == "body: null");
    CHECK(body_member("{\"a\":1}\n") == R"(body_text: "{\"a\":1}\n")");
    CHECK(body_member("{\n\"a\":1}") == R"(body_text: "{\n\"a\":1}")");
    CHECK(body_member(" 1") == R"(body_text: " 1")");
    CHECK(body_member("1\r") == R"(body_text: "1\r")");
    CHECK(body_member("") == R"(body_text: "")");
    CHECK(body_member("not json") == R"(body_text: "not json")");
    CHECK(body_member("a\0b"s) == R"(body_text: "a\u0000b")");
    CHECK(body_member("\xff\xfe") == R"(body_base64: "//4=")");
    CHECK(line_of(with_body("[1.50e+3,12345678901234567890]"))
              .ends_with(R"("body":[1.50e+3,12345678901234567890]})"));
}

TEST_CASE("no headers and an empty header table are told apart") {
    auto message = with_body("1");
    CHECK(line_of(message).find(R"("headers":{},"body")") != std::string::npos);
    check_round_trip(message);
    message.has_headers = true;
    CHECK(line_of(message).find(R"("headers":{},"header_types":{"":"table"},"body")") !=
          std::string::npos);
    check_round_trip(message);
}

TEST_CASE("texts that are not UTF-8 go into keys of their own") {
    auto message = with_body("1");
    message.topic = "post.\xff";
    message.exchange = "\x80";
    message.properties.message_id = "\xfe";
    message.properties.type = "ok";
    const auto json = nlohmann::json::parse(line_of(message, "q\xff"));
    CHECK(json["topic_base64"] == "cG9zdC7/");
    CHECK(json["exchange_base64"] == "gA==");
    CHECK(json["queue_base64"] == "cf8=");
    CHECK(json["properties"] == nlohmann::json{{"type", "ok"}});
    CHECK(json["properties_base64"] == nlohmann::json{{"message_id", "/g=="}});
    check_round_trip(message);
}

TEST_CASE("every message comes back as it was") {
    RandomMessages messages(7);
    for (int i = 0; i < 4000; ++i)
        check_round_trip(messages.next());
}

TEST_CASE("every line is JSON for nlohmann/json, too") {
    RandomMessages messages(8);
    for (int i = 0; i < 1000; ++i) {
        const auto line = line_of(messages.next());
        CAPTURE(line);
        REQUIRE(nlohmann::json::accept(line));
    }
}

TEST_CASE("a line survives a program that writes JSON its own way") {
    // The program may change spaces and order, and the form of numbers in the body.
    RandomMessages messages(9);
    for (int i = 0; i < 1000; ++i) {
        const auto message = messages.next();
        const auto line = line_of(message);
        CAPTURE(line);
        const auto other = nlohmann::ordered_json::parse(line).dump(1);
        const auto back = parse_message_line(other);
        REQUIRE(back.topic == message.topic);
        REQUIRE(back.properties == message.properties);
        REQUIRE(same(back.headers, message.headers));
    }
}

TEST_CASE("a line written by hand needs only a topic and a body") {
    const auto message = parse_message_line(
        R"( { "body" : {"a": 1.0} , "topic":"a.b", "received_at":17, "queue":null,
             "properties":null, "headers":null, "exchange":null } )");
    CHECK(message == [] {
        Message expected;
        expected.topic = "a.b";
        expected.body = R"({"a": 1.0})";
        return expected;
    }());
    CHECK(parse_message_line(R"({"topic":"a","body":null})").body == "null");
    CHECK(parse_message_line(R"({"topic":"","body_text":"\u0000"})").body == "\0"s);
    CHECK(parse_message_line(R"({"topic":"a","body":1,"properties":{"type":null,"priority":9}})")
              .properties.priority == 9);
}

TEST_CASE("an unknown name in a line is an error") {
    refuses(R"({"topic":"a","body":1,"properties":{"mesage_id":"x"}})",
            "at byte 38: there is no property 'mesage_id', did you mean 'message_id'?");
    refuses(R"({"topic":"a","body":1,"properties":{"zzz":null}})", "there is no property 'zzz'");
    refuses(R"({"topic":"a","body":1,"properties_base64":{"topic":"eA=="}})",
            "there is no property 'topic'");
    refuses(R"({"topic":"a","body":1,"header":{"k":"v"}})",
            "there is no member 'header', did you mean 'headers'?");
    // The line for a worker is a message line with a number.
    CHECK(parse_message_line(R"({"id":7,"topic":"a","body":1})").topic == "a");
    refuses(R"({"topic":"a","body":1,"zzz\u001b":1})", "there is no member 'zzz");
    refuses(R"({"topic":"a","body":1,"headers":{"d":{"value":1,"scales":2}},)"
            R"("header_types":{"/d":"decimal"}})",
            "a decimal has value and scale");
    // A program may remove a header and leave its type.
    CHECK(parse_message_line(R"({"topic":"a","body":1,"headers":{},"header_types":{"/x":"int8"}})")
              .body == "1");
}

TEST_CASE("lines that are not message lines") {
    refuses("", "not a message line at byte 1");
    refuses("hello", "at byte 1");
    refuses("[]", "must be a JSON object");
    refuses(R"({"body":1})", "topic is missing");
    refuses(R"({"topic":"a"})", "body is missing");
    refuses(R"({"topic":"a","body_text":null})", "body is missing");
    refuses(R"({"topic":"a","body":1,"body_text":"x"})", "body_text is there twice");
    refuses(R"({"topic":"a","topic":"b","body":1})", "at byte 22: topic is there twice");
    refuses(R"({"topic":7,"body":1})", "at byte 10: topic must be a string");
    refuses(R"({"topic":"a","body_text":1})", "body_text must be a string");
    refuses(R"({"topic":"a","body_base64":"x"})", "body_base64 must be base64");
    refuses(R"({"topic":"a","body":1,"properties":[]})", "properties must be a JSON object");
    refuses(R"({"topic":"a","body":1,"properties":{"type":1}})",
            "at byte 44: type must be a string");
    refuses(R"({"topic":"a","body":1,"properties":{"priority":256}})",
            "priority must be an integer from 0 to 255");
    refuses(R"({"topic":"a","body":1,"properties":{"delivery_mode":"2"}})", "delivery_mode");
    refuses(R"({"topic":"a","body":1,"properties":{"timestamp":-1}})", "timestamp");
    refuses(R"({"topic":"a","body":1,"properties":{"timestamp":1.0}})", "timestamp");
    refuses(R"({"topic":"a","body":1} x)", "something follows");
    refuses("{\"topic\":\"\xff\",\"body\":1}", "invalid UTF-8");
}
