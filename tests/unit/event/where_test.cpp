// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "event/where.hpp"

#include <doctest/doctest.h>

#include <string>

#include "util/error.hpp"

using namespace airy::event;

namespace {

Message sample() {
    Message message;
    message.exchange = "airy.events";
    message.topic = "post.published";
    message.properties.type = "post.published";
    message.properties.priority = 5;
    message.has_headers = true;
    message.headers = {
        {"x-retries", {std::int32_t{3}}},
        {"x.dotted", {std::string("yes")}},
        {"x-death", {HeaderArray{{HeaderTable{{"queue", {std::string("search")}}}}}}},
        {"ratio", {1.5}},
        {"price", {HeaderDecimal{2, 314}}},
        {"none", {}},
    };
    message.body =
        R"({"post_id":9007199254740993,"title":"Hello \u003cworld\u003e","price":1.50,"big":1e30,)"
        R"("code":"042","timestamp":"2026-11-23T20:31:25.5+08:00","author":{"name":"ada","a.b":1},)"
        R"("tags":["x","y",{"z":7}],"ok":true,"nil":null,"t\u0069tle2":"esc","topic":"inner","empty":""})";
    return message;
}

bool holds(const std::string& condition) {
    static const Message message = sample();
    return parse_where(condition).matches(message, "q1");
}

void is_refused(const std::string& condition, const std::string& part) {
    CAPTURE(condition);
    try {
        parse_where(condition);
        FAIL_CHECK("accepted");
    } catch (const airy::Error& error) {
        CHECK(error.kind() == airy::ErrorKind::usage);
        CAPTURE(error.what());
        CHECK(std::string(error.what()).find(part) != std::string::npos);
    }
}

}  // namespace

TEST_CASE("numbers compare exactly, beyond what a double holds") {
    CHECK(holds("post_id=9007199254740993"));
    CHECK_FALSE(holds("post_id=9007199254740992"));
    CHECK(holds("post_id>9007199254740992"));
    CHECK_FALSE(holds("post_id>9007199254740993"));
    CHECK(holds("post_id>=9007199254740993"));
    CHECK(holds("post_id<9007199254740994"));
    CHECK(holds("post_id<=9007199254740993"));
    CHECK_FALSE(holds("post_id<41"));
    CHECK(holds("post_id>-1"));
    CHECK(holds("price=1.5"));
    CHECK(holds("price!=1.51"));
    CHECK(holds("price>1.49"));
    CHECK(holds("big>999999999999999999999999999999"));
    CHECK(holds("post_id > 41"));
}

TEST_CASE("strings compare as text, and as numbers only for an order") {
    CHECK(holds("title=Hello <world>"));
    CHECK_FALSE(holds("title=hello <world>"));
    CHECK(holds("title!=other"));
    CHECK_FALSE(holds("code=42"));
    CHECK(holds("code=042"));
    CHECK(holds("ok=true"));
    CHECK(holds("nil=null"));
    CHECK(holds("empty="));
    CHECK_FALSE(holds("title>1"));
    CHECK_FALSE(holds("title<1"));
    CHECK(holds("title2=esc"));
}

TEST_CASE("times compare as times") {
    CHECK(holds("timestamp=2026-11-23T12:31:25.500Z"));
    CHECK(holds("timestamp>2026-11-23T12:31:25.499999999Z"));
    CHECK(holds("timestamp<2026-11-23T12:31:26Z"));
    CHECK_FALSE(holds("timestamp>2026-11-23T20:00:00Z"));
}

TEST_CASE("regular expressions match anywhere unless they have anchors") {
    CHECK(holds("title~^Hello"));
    CHECK(holds("title~wor.d"));
    CHECK_FALSE(holds("title~^world"));
    CHECK(holds("title!~^world"));
    CHECK(holds("post_id~^\\d{16}$"));
    CHECK(holds("topic~^post\\."));
    CHECK(holds("code~=|0"));
}

TEST_CASE("paths reach into the body, the properties and the headers") {
    CHECK(holds("author.name=ada"));
    CHECK(holds("author.a.b=1"));
    CHECK(holds("tags.0=x"));
    CHECK(holds("tags.2.z=7"));
    CHECK_FALSE(holds("tags.3=x"));
    CHECK(holds("topic=post.published"));
    CHECK(holds("body.topic=inner"));
    CHECK(holds("exchange=airy.events"));
    CHECK(holds("queue=q1"));
    CHECK(holds("properties.type=post.published"));
    CHECK(holds("properties.priority>=5"));
    CHECK(holds("headers.x-retries<4"));
    CHECK(holds("headers.x.dotted=yes"));
    CHECK(holds("headers.x-death.0.queue=search"));
    CHECK(holds("headers.ratio=1.50"));
    CHECK(holds("headers.price=3.14"));
    CHECK(holds("headers.none=null"));
    CHECK(holds("author~\"name\""));
}

TEST_CASE("an absent field satisfies only the negations") {
    for (const char* path : {"nothing", "author.nothing", "title.x", "tags.9", "properties.user_id",
                             "headers.nothing", "headers.x-retries.y"}) {
        CAPTURE(path);
        const std::string field(path);
        CHECK_FALSE(holds(field + "=1"));
        CHECK(holds(field + "!=1"));
        CHECK_FALSE(holds(field + "~."));
        CHECK(holds(field + "!~."));
        CHECK_FALSE(holds(field + ">0"));
        CHECK_FALSE(holds(field + "<=0"));
    }
    Message text;
    text.body = "not json";
    CHECK_FALSE(parse_where("post_id>0").matches(text, ""));
    CHECK(parse_where("post_id!=0").matches(text, ""));
}

TEST_CASE("the error of an invalid condition names the position") {
    is_refused("", "at character 1, an operator is missing");
    is_refused("post_id", "at character 8, an operator is missing");
    is_refused("=1", "at character 1, the field is missing");
    is_refused(" >1", "the field is missing");
    is_refused("a!b", "at character 3, '!' must be followed");
    is_refused("a==b", "at character 3, there is one '='");
    is_refused("a>b", "at character 3, a number or an RFC 3339 time is needed");
    is_refused("a>", "a number or an RFC 3339 time");
    is_refused("a>01", "a number");
    is_refused("a~(", "not valid");
    is_refused("properties.nothing=1", "at character 12, 'nothing' is not an AMQP property");
}

TEST_CASE("a hostile pattern or body neither hangs nor crashes") {
    Message message;
    message.body = R"({"t":")" + std::string(200'000, 'a') + R"("})";
    CHECK_FALSE(parse_where("t~(a+)+$b").matches(message, ""));
    CHECK_FALSE(parse_where("t~^(a|aa)+b$").matches(message, ""));
    CHECK(parse_where("t~a$").matches(message, ""));
}

TEST_CASE("all conditions must hold") {
    std::vector<Where> conditions;
    const auto message = sample();
    CHECK(all_match(conditions, message, "q"));
    conditions.push_back(parse_where("post_id>1"));
    conditions.push_back(parse_where("title~Hello"));
    CHECK(all_match(conditions, message, "q"));
    conditions.push_back(parse_where("title~^world"));
    CHECK_FALSE(all_match(conditions, message, "q"));
}
