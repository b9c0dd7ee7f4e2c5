// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/command_handler.hpp"

#include <doctest/doctest.h>

using namespace airy;
using work::message_environment;

namespace {

mq::Delivered delivered(std::string body) {
    mq::Delivered d;
    d.queue = "work";
    d.message.topic = "post.published";
    d.message.body = std::move(body);
    return d;
}

std::string value(const mq::Delivered& d, const std::string& name) {
    for (const auto& entry : message_environment(d))
        if (entry.starts_with(name + "=")) return entry.substr(name.size() + 1);
    return "not set";
}

}  // namespace

TEST_CASE("a message is described by its properties") {
    auto d = delivered("{}");
    d.message.properties.message_id = "m-1";
    d.message.properties.type = "kind";
    d.message.headers = {{"traceparent", {std::string("00-abc")}}};
    CHECK(message_environment(d) ==
          std::vector<std::string>{"AIRY_TOPIC=post.published", "AIRY_EVENT_ID=m-1",
                                   "AIRY_EVENT_TYPE=kind", "AIRY_QUEUE=work", "AIRY_ATTEMPT=1",
                                   "AIRY_REDELIVERED=false", "AIRY_MESSAGE_ID=m-1",
                                   "AIRY_TRACEPARENT=00-abc"});
    d.redelivered = true;
    d.returns = 1;
    CHECK(value(d, "AIRY_REDELIVERED") == "true");
    CHECK(value(d, "AIRY_ATTEMPT") == "2");
}

TEST_CASE("without properties the body and the topic say what they can") {
    auto d = delivered(R"({"x":{"event_id":"no"},"event_id":"e\u002d1"})");
    CHECK(value(d, "AIRY_EVENT_ID") == "e-1");
    CHECK(value(d, "AIRY_MESSAGE_ID") == "");
    CHECK(value(d, "AIRY_EVENT_TYPE") == "post.published");
    CHECK(value(delivered("not json"), "AIRY_EVENT_ID") == "");
    CHECK(value(delivered(R"(["event_id"])"), "AIRY_EVENT_ID") == "");
    CHECK(value(delivered(R"({"event_id":7})"), "AIRY_EVENT_ID") == "");
}

TEST_CASE("what cannot be, or should not be, in an environment is left empty") {
    auto d = delivered("{}");
    d.message.properties.message_id = std::string("a\0b", 3);
    CHECK(value(d, "AIRY_MESSAGE_ID") == "");
    d.message.headers = {{"traceparent", {std::string(2000, 'x')}}};
    CHECK(value(d, "AIRY_TRACEPARENT") == "");
    d.message.headers = {{"traceparent", {std::int64_t{1}}}};
    CHECK(value(d, "AIRY_TRACEPARENT") == "");
}
