// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/reply.hpp"

#include <doctest/doctest.h>

using namespace airy;
using namespace airy::work;

namespace {

mq::Delivered question(std::string address = "answers") {
    mq::Delivered request;
    request.message.exchange = "airy.events";
    request.message.topic = "price.quote";
    request.message.properties.reply_to = std::move(address);
    request.message.properties.correlation_id = "c-1";
    request.message.properties.delivery_mode = 1;
    return request;
}

HandlerResult answered(std::string reply) {
    HandlerResult result;
    result.reply = HandlerReply{.body = std::move(reply)};
    return result;
}

const util::SystemTime noon{std::chrono::seconds(1'700'000'000)};

}  // namespace

TEST_CASE("the reply goes to the request's address with its correlation id") {
    const auto reply = reply_to(question(), answered(R"({"price":7})"), Action::ack, {}, noon);
    REQUIRE(reply);
    CHECK(reply->exchange.empty());
    CHECK(reply->topic == "answers");
    CHECK(reply->body == R"({"price":7})");
    CHECK(reply->properties.correlation_id == "c-1");
    CHECK(reply->properties.content_type == "application/json");
    CHECK(reply->properties.delivery_mode == 1);
    CHECK(reply->properties.timestamp == 1'700'000'000);
    CHECK_FALSE(reply->properties.reply_to);
    CHECK_FALSE(reply->properties.message_id->empty());
    CHECK(reply->headers.empty());
}

TEST_CASE("a message without an address gets no reply") {
    auto request = question();
    request.message.properties.reply_to.reset();
    CHECK_FALSE(reply_to(request, answered("x"), Action::ack, {}, noon));
    CHECK_FALSE(reply_to(question(""), answered("x"), Action::ack, {}, noon));
}

TEST_CASE("a message that comes again gets no reply yet") {
    for (const auto action : {Action::retry, Action::requeue, Action::give_back})
        CHECK_FALSE(reply_to(question(), answered("x"), action, {}, noon));
}

TEST_CASE("a message that is given up gets the handler's words, and no body") {
    HandlerResult result = answered("half");
    result.verdict = Verdict::reject;
    result.reason = "exit status 65";
    for (const auto action : {Action::dead_letter, Action::discard}) {
        const auto reply = reply_to(question(), result, action, {}, noon);
        REQUIRE(reply);
        CHECK(reply->body.empty());
        CHECK(reply->headers ==
              event::HeaderTable{{"x-airy-error", {std::string("exit status 65")}}});
    }
    result.detail.line = "no such sku\x1b[2J";
    const auto reply = reply_to(question(), result, Action::discard, {}, noon);
    CHECK(reply->headers ==
          event::HeaderTable{{"x-airy-error", {std::string("no such sku\\x1b[2J")}}});
    result.detail.for_requester = "not there";
    CHECK(reply_to(question(), result, Action::discard, {}, noon)->headers ==
          event::HeaderTable{{"x-airy-error", {std::string("not there")}}});
    result.detail.for_requester.clear();
    result.detail.line = std::string(5000, 'e');
    const auto cut = reply_to(question(), result, Action::discard, {}, noon);
    CHECK(std::get<std::string>(cut->headers[0].second.value).size() < 1100);
}

TEST_CASE("the content type tells the form of the reply, unless it is given") {
    CHECK(content_type_of(" [1] ") == "application/json");
    CHECK(content_type_of("7") == "application/json");
    CHECK(content_type_of("grüße") == "text/plain; charset=utf-8");
    CHECK(content_type_of("\xff") == "application/octet-stream");
    CHECK(content_type_of("").empty());
    const auto given = reply_to(question(), answered("7"), Action::ack,
                                {.most_bytes = 10, .content_type = "text/csv"}, noon);
    CHECK(given->properties.content_type == "text/csv");
    const auto empty = reply_to(question(), {}, Action::ack, {}, noon);
    CHECK(empty->body.empty());
    CHECK_FALSE(empty->properties.content_type);
}

TEST_CASE("the content type and encoding that the handler tells are those of the reply") {
    auto result = answered("7");
    result.reply->content_type = "text/csv; header=absent";
    result.reply->content_encoding = "gzip";
    const auto told = reply_to(question(), result, Action::ack, {}, noon);
    CHECK(told->properties.content_type == "text/csv; header=absent");
    CHECK(told->properties.content_encoding == "gzip");
    const auto given = reply_to(question(), result, Action::ack,
                                {.most_bytes = 10, .content_type = "text/plain"}, noon);
    CHECK(given->properties.content_type == "text/plain");
    CHECK(given->properties.content_encoding == "gzip");
    // No property can hold these.
    result.reply->content_type = std::string(256, 'x');
    result.reply->content_encoding = "g\xff";
    const auto odd = reply_to(question(), result, Action::ack, {}, noon);
    CHECK(odd->properties.content_type == "application/json");
    CHECK_FALSE(odd->properties.content_encoding);
}

TEST_CASE("a reply that is too long makes a failure of a success") {
    auto result = answered("1234");
    refuse_long_reply(result, {.most_bytes = 4, .content_type = {}});
    CHECK(result.verdict == Verdict::success);
    refuse_long_reply(result, {.most_bytes = 3, .content_type = {}});
    CHECK(result.verdict == Verdict::reject);
    CHECK(result.reason == "its reply is longer than 3 bytes");
    CHECK_FALSE(result.reply);
    auto failed = answered("1234");
    failed.verdict = Verdict::retry;
    refuse_long_reply(failed, {.most_bytes = 3, .content_type = {}});
    CHECK(failed.verdict == Verdict::retry);
}
