// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "event/event_id.hpp"

#include <doctest/doctest.h>

#include <optional>
#include <string>

using namespace airy::event;

namespace {

std::string id(const std::string& body, std::optional<std::string> message_id = {}) {
    Message message;
    message.body = body;
    message.properties.message_id = std::move(message_id);
    return id_of(message);
}

}  // namespace

TEST_CASE("the event_id of the body stands in for a message_id that is missing or empty") {
    const std::string body = R"({"event_id":"e-1","event_type":"post.deleted"})";
    CHECK(id(body) == "e-1");
    CHECK(id(body, "") == "e-1");
    CHECK(id(body, "m-1") == "m-1");
    CHECK(id("not json", "m-1") == "m-1");
    CHECK(id(R"({"x":{"event_id":"no"},"event\u005fid":"e\u002d2"})") == "e-2");
}

TEST_CASE("a body without an event_id that is text gives no id") {
    for (const char* body :
         {"", "not json", "{}", R"(["event_id"])", R"({"event_id":7})", R"({"event_id":null})",
          R"({"event_id":""})", R"({"x":{"event_id":"e"}})", R"({"event_id":"torn","x":)"}) {
        CAPTURE(body);
        CHECK(id(body).empty());
    }
}
