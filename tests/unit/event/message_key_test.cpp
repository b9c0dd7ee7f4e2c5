// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "event/message_key.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>

#include "util/error.hpp"

using airy::event::Message;
using airy::event::MessageKey;

namespace {

using Key = std::optional<std::string>;

Message keyed_message() {
    Message message;
    message.topic = "post.published";
    message.properties.correlation_id = "c-1";
    message.headers = {{"tenant", {std::string("acme")}},
                       {"shard", {std::int64_t{9007199254740993}}},
                       {"void", {}},
                       {"deep", {airy::event::HeaderTable{{"id", {std::int32_t{5}}}}}}};
    message.body =
        R"({"post_id":9223372036854775807,"text":"7","number":7,"real":7.0,"nil":null,)"
        R"("author":{"id":-9007199254740993},"tags":["x","y"],"topic":"inner","empty":"","ok":true,)"
        R"("pos\u0074":"escaped"})";
    return message;
}

Key key_by(const std::string& field) {
    return MessageKey(field).of(keyed_message(), "search");
}

}  // namespace

TEST_CASE("a key is a field of the body, exact to the last digit") {
    CHECK(key_by("post_id") == Key("9223372036854775807"));
    CHECK(key_by("author.id") == Key("-9007199254740993"));
    CHECK(key_by("tags.1") == Key("y"));
    CHECK(key_by("real") == Key("7.0"));
    CHECK(key_by("post") == Key("escaped"));
    CHECK(key_by("ok") == Key("true"));
    CHECK(key_by("empty") == Key(""));
}

TEST_CASE("a number and a text of the same characters are one key") {
    CHECK(key_by("text") == key_by("number"));
}

TEST_CASE("a key is the topic, a header or a property") {
    CHECK(key_by("topic") == Key("post.published"));
    CHECK(key_by("body.topic") == Key("inner"));
    CHECK(key_by("queue") == Key("search"));
    CHECK(key_by("header:tenant") == Key("acme"));
    CHECK(key_by("headers.tenant") == Key("acme"));
    CHECK(key_by("header:shard") == Key("9007199254740993"));
    CHECK(key_by("header:deep.id") == Key("5"));
    CHECK(key_by("properties.correlation_id") == Key("c-1"));
}

TEST_CASE("a message without the field, or with a value that has no one text, has no key") {
    for (const char* field : {"missing", "nil", "author", "tags", "header:missing", "header:void",
                              "header:deep", "properties.message_id", "author.id.x"}) {
        CAPTURE(field);
        CHECK(key_by(field) == std::nullopt);
    }
    Message other;
    for (const char* body : {"", "not json", "[1", "7", R"({"post_id":)", R"("post_id")"}) {
        CAPTURE(body);
        other.body = body;
        CHECK(MessageKey("post_id").of(other, "search") == std::nullopt);
    }
}

TEST_CASE("a key that can name no field is refused") {
    for (const char* field : {"", "header:", "properties.colour"}) {
        CAPTURE(field);
        CHECK_THROWS_AS(MessageKey{field}, airy::Error);
    }
}
