// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/copies/letter.hpp"

#include <doctest/doctest.h>

using namespace airy;
using namespace airy::mq;
using namespace airy::mq::copies;
using event::HeaderArray;
using event::HeaderTable;
using event::HeaderValue;

namespace {

event::Message original() {
    event::Message message;
    message.exchange = "airy.events";
    message.topic = "post.published";
    message.body = "{}";
    message.has_headers = true;
    message.headers = {{"traceparent", {std::string("00-1")}},
                       {"x-delivery-count", {std::int64_t{2}}},
                       {"CC", {HeaderArray{{std::string("elsewhere")}}}}};
    message.properties.message_id = "id-1";
    message.properties.user_id = "alice";
    message.properties.expiration = "60000";
    return message;
}

Failure failure(unsigned failures) {
    return {"work",
            failures,
            0,
            {"attempts", "db is down", 75, util::SystemTime(std::chrono::seconds(1'700'000'000))}};
}

const HeaderValue* find(const event::Message& message, std::string_view name) {
    for (const auto& [key, value] : message.headers)
        if (key == name) return &value;
    return nullptr;
}

std::string text(const event::Message& message, std::string_view name) {
    const auto* value = find(message, name);
    if (value == nullptr) return "none";
    if (const auto* words = std::get_if<std::string>(&value->value)) return *words;
    if (const auto* number = std::get_if<std::int64_t>(&value->value))
        return std::to_string(*number);
    return "other";
}

Delivered past_of(const event::Message& message) {
    Delivered delivered;
    delivered.message = message;
    read_past(delivered);
    return delivered;
}

std::string origin(const event::Message& message) {
    const auto origin = past_of(message).origin;
    return origin ? origin->exchange + " " + origin->topic : "as it lies";
}

// The headers that the broker adds when a message leaves a queue.
HeaderValue death(const std::string& queue, const std::string& reason) {
    return {HeaderTable{{"count", {std::int64_t{1}}},
                        {"reason", {reason}},
                        {"queue", {queue}},
                        {"time", {event::HeaderTimestamp{1'700'000'000}}},
                        {"exchange", {std::string("airy.events")}},
                        {"routing-keys", {HeaderArray{{std::string("post.updated")}}}}}};
}

}  // namespace

TEST_CASE("a copy for a retry goes to its queue, and nowhere else") {
    const auto copy = retry_copy(original(), failure(1), "work.retry.1000");
    CHECK(copy.exchange.empty());
    CHECK(copy.topic == "work.retry.1000");
    CHECK(copy.body == "{}");
    CHECK(copy.properties.message_id == "id-1");
    // The broker would refuse one of these, drop the message for another, and deliver to a third
    // queue.
    CHECK_FALSE(copy.properties.user_id.has_value());
    CHECK_FALSE(copy.properties.expiration.has_value());
    CHECK(find(copy, "CC") == nullptr);
    CHECK(find(copy, "x-delivery-count") == nullptr);
    CHECK(text(copy, "traceparent") == "00-1");
    CHECK(text(copy, "x-airy-attempts") == "1");
    CHECK(text(copy, "x-airy-topic") == "post.published");
    CHECK(text(copy, "x-airy-exchange") == "airy.events");
    CHECK(text(copy, "x-airy-first-failed-at") == "2023-11-14T22:13:20Z");
}

TEST_CASE("a message comes back from a retry queue as it was, with its attempts counted") {
    auto copy = retry_copy(original(), failure(2), "work.retry.1000");
    // The message as the broker delivers it.
    copy.exchange = "";
    copy.topic = "work";
    copy.headers.push_back({"x-death", {HeaderArray{death("work.retry.1000", "expired")}}});
    copy.headers.push_back({"x-first-death-queue", {std::string("work.retry.1000")}});
    copy.headers.push_back({"x-first-death-reason", {std::string("expired")}});
    restore(copy, "work");
    const auto was = original();
    CHECK(copy.exchange == was.exchange);
    CHECK(copy.topic == was.topic);
    CHECK(copy.properties == was.properties);
    CHECK(find(copy, "CC") != nullptr);
    CHECK(find(copy, "x-death") == nullptr);
    CHECK(find(copy, "x-first-death-reason") == nullptr);
    CHECK(text(copy, "x-airy-attempts") == "2");

    // The next copy keeps the time of the first failure, and has no header twice.
    auto later = failure(3);
    later.account.at += std::chrono::hours(1);
    const auto again = dead_letter(copy, later, "work.dlq");
    CHECK(text(again, "x-airy-first-failed-at") == "2023-11-14T22:13:20Z");
    CHECK(text(again, "x-airy-failed-at") == "2023-11-14T23:13:20Z");
    std::size_t attempts = 0;
    for (const auto& header : again.headers)
        if (header.first == "x-airy-attempts") ++attempts;
    CHECK(attempts == 1);
}

TEST_CASE("a death elsewhere is part of the message's past") {
    auto copy = retry_copy(original(), failure(1), "work.retry.1000");
    copy.topic = "work";
    copy.headers.push_back(
        {"x-death",
         {HeaderArray{death("work.retry.1000", "expired"), death("other", "rejected")}}});
    restore(copy, "work");
    const auto* deaths = find(copy, "x-death");
    REQUIRE(deaths != nullptr);
    CHECK(std::get<HeaderArray>(deaths->value).size() == 1);
}

TEST_CASE("a message that died in its queue before can go through a retry queue") {
    // With these headers the broker would drop the message on its way back, as one that circles.
    auto died = original();
    died.headers.push_back({"x-death", {HeaderArray{death("work", "delivery_limit")}}});
    died.headers.push_back({"x-first-death-queue", {std::string("work")}});
    died.headers.push_back({"x-last-death-reason", {std::string("delivery_limit")}});
    auto copy = retry_copy(died, failure(1), "work.retry.1000");
    for (const char* name : {"x-death", "x-first-death-queue", "x-last-death-reason"})
        CHECK(find(copy, name) == nullptr);

    // The message comes back twice, with the retry queue in its x-death.
    for (unsigned attempt = 2; attempt < 4; ++attempt) {
        copy.headers.push_back({"x-death", {HeaderArray{death("work.retry.1000", "expired")}}});
        copy.headers.push_back({"x-first-death-queue", {std::string("work.retry.1000")}});
        copy.topic = "work";
        restore(copy, "work");
        REQUIRE(find(copy, "x-death") != nullptr);
        CHECK(std::get<HeaderArray>(find(copy, "x-death")->value) ==
              HeaderArray{death("work", "delivery_limit")});
        CHECK(text(copy, "x-first-death-queue") == "work");
        CHECK(text(copy, "x-last-death-reason") == "delivery_limit");
        copy = retry_copy(copy, failure(attempt), "work.retry.1000");
        CHECK(find(copy, "x-death") == nullptr);
    }
}

TEST_CASE("a broker's dead letter that is moved back keeps its own topic") {
    event::Message letter;
    letter.topic = "work.dlq";
    letter.has_headers = true;
    letter.headers = {{"x-death", {HeaderArray{death("work", "delivery_limit")}}}};
    auto back = moved(letter, "work");
    CHECK(text(back, "x-airy-topic") == "post.updated");
    restore(back, "work");
    CHECK(back.topic == "post.updated");
    CHECK(back.exchange == "airy.events");
}

TEST_CASE("foreign headers of a message change nothing") {
    auto foreign = original();
    foreign.headers.push_back({"x-airy-topic", {std::string("user.registered")}});
    const auto before = foreign;
    restore(foreign, "work");
    CHECK(foreign == before);
}

TEST_CASE("a dead letter has an account of its failure") {
    const auto letter = dead_letter(original(), failure(5), "work.dlq");
    CHECK(letter.topic == "work.dlq");
    CHECK(text(letter, "x-airy-reason") == "attempts");
    CHECK(text(letter, "x-airy-error") == "db is down");
    CHECK(text(letter, "x-airy-exit") == "75");
    CHECK(text(letter, "x-airy-attempts") == "5");
    CHECK(text(letter, "x-airy-queue") == "work");
    CHECK(text(letter, "x-airy-topic") == "post.published");
    CHECK(text(letter, "x-airy-failed-at") == "2023-11-14T22:13:20Z");
    const auto account = account_of(letter);
    CHECK(account.reason == "attempts");
    CHECK(origin(letter) == "airy.events post.published");
    CHECK(account.failed_at == "2023-11-14T22:13:20Z");
}

TEST_CASE("a dead letter that is consumed where it lies keeps its account") {
    auto letter = dead_letter(original(), failure(5), "work.dlq");
    const auto before = letter;
    restore(letter, "work.dlq");
    CHECK(letter == before);
}

TEST_CASE("a dead letter that is published to an exchange again is a new message") {
    auto letter = dead_letter(original(), failure(5), "work.dlq");
    letter.exchange = "airy.events";
    letter.topic = "post.published";
    restore(letter, "work");
    CHECK(letter.topic == "post.published");
    CHECK(past_of(letter).attempts == 0);
    CHECK(text(letter, "x-airy-reason") == "none");
    CHECK(text(letter, "x-airy-topic") == "none");
    CHECK(text(letter, "traceparent") == "00-1");
}

TEST_CASE("the last line of stderr cannot move a terminal's cursor") {
    auto bad = failure(1);
    bad.account.error = "\x1b[2Jgone";
    CHECK(text(dead_letter(original(), bad, "q"), "x-airy-error").find('\x1b') ==
          std::string::npos);
}

TEST_CASE("a dead letter becomes its original message, without a past") {
    auto letter = dead_letter(original(), failure(5), "work.dlq");
    restore_dead_letter(letter);
    auto was = original();
    std::erase_if(was.headers, [](const auto& h) { return h.first == "x-delivery-count"; });
    CHECK(letter == was);
}

TEST_CASE("a dead letter that the broker made has an account, too") {
    auto letter = original();
    letter.exchange = "";
    letter.topic = "work.dlq";
    letter.headers.push_back({"x-death", {HeaderArray{death("work", "delivery_limit")}}});
    const auto account = account_of(letter);
    CHECK(account.reason == "delivery_limit");
    CHECK(origin(letter) == "airy.events post.updated");
    CHECK(account.failed_at == "2023-11-14T22:13:20Z");
    restore_dead_letter(letter);
    CHECK(letter.exchange == "airy.events");
    CHECK(letter.topic == "post.updated");
    CHECK(find(letter, "x-death") == nullptr);
    CHECK(account_of(event::Message{}).reason == "unknown");
}

TEST_CASE(
    "a dead letter that is sent back is the original to its consumer, with attempts to come") {
    const auto letter = dead_letter(original(), failure(5), "work.dlq");
    auto back = requeued(letter, "work", util::SystemTime(std::chrono::seconds(1'800'000'000)));
    CHECK(back.exchange.empty());
    CHECK(back.topic == "work");
    CHECK_FALSE(back.properties.user_id.has_value());
    CHECK(text(back, "x-airy-requeued") == "2027-01-15T08:00:00Z");
    restore(back, "work");
    CHECK(back.topic == "post.published");
    CHECK(back.exchange == "airy.events");
    CHECK(back.properties == original().properties);
    CHECK(attempts_of(back) == 0);
}

TEST_CASE("a moved message keeps its topic for its next consumer") {
    auto there = moved(original(), "other");
    CHECK(there.topic == "other");
    restore(there, "other");
    CHECK(there.topic == "post.published");
    CHECK(there.properties.expiration == "60000");  // no queue makes it wait
    const auto twice = moved(moved(original(), "other"), "third");
    CHECK(text(twice, "x-airy-topic") == "post.published");
}

TEST_CASE(
    "attempts, returns and the first failure are read from the headers, whatever is in them") {
    event::Message message;
    CHECK(attempts_of(message) == 0);
    CHECK_FALSE(counted_returns(message));
    CHECK_FALSE(past_of(message).first_failed_at);
    CHECK(origin(message) == "as it lies");

    message.headers = {{"x-airy-attempts", {std::int32_t{3}}},
                       {"x-delivery-count", {std::int64_t{2}}},
                       {"x-airy-first-failed-at", {std::string("2023-11-14T22:13:20Z")}}};
    CHECK(attempts_of(message) == 3);
    CHECK(counted_returns(message) == 2);
    CHECK(past_of(message).first_failed_at ==
          util::SystemTime(std::chrono::seconds(1'700'000'000)));

    message.headers = {{"x-airy-attempts", {std::int64_t{-1}}},
                       {"x-delivery-count", {std::string("2")}},
                       {"x-airy-first-failed-at", {std::string("yesterday")}}};
    CHECK(attempts_of(message) == 0);
    CHECK_FALSE(counted_returns(message));
    CHECK_FALSE(past_of(message).first_failed_at);
    CHECK(origin(message) == "as it lies");

    message.headers = {{"x-delivery-count", {std::uint64_t{1} << 63}}};
    CHECK(counted_returns(message) == 1'000'000);
    message.headers = {{"x-delivery-count", {true}}};
    CHECK_FALSE(counted_returns(message));
}

TEST_CASE("a renewed message stays as it is, in its own queue, and its returns are remembered") {
    auto copy = renewed(original(), 7, "work");
    CHECK(copy.topic == "work");
    CHECK(copy.exchange.empty());
    CHECK(copy.properties.expiration == "60000");
    CHECK(find(copy, "x-delivery-count") == nullptr);
    restore(copy, "work");
    CHECK(copy.topic == "post.published");
    CHECK(copy.exchange == "airy.events");
    CHECK(copy.properties.user_id == "alice");
    CHECK(find(copy, "CC") != nullptr);
    const auto past = past_of(copy);
    CHECK(past.attempts == 0);
    CHECK(past.former_returns == 7);
    CHECK(past.attempt() == 8);
}

TEST_CASE("a retry remembers the returns before it, so that the number of the attempt grows") {
    auto failed = failure(1);
    failed.returns = 4;
    auto copy = retry_copy(original(), failed, "work.retry.1000");
    CHECK(past_of(copy).attempt() == 6);
}

TEST_CASE("a copy can do without times, last words and deaths, and then without its account") {
    auto message = original();
    message.headers.push_back({"x-death", {HeaderArray{death("work", "rejected")}}});
    auto copy = dead_letter(message, failure(3), "work.dlq");
    CHECK(leave_out_optional(copy));
    for (const char* name : {"x-airy-error", "x-airy-exit", "x-airy-failed-at",
                             "x-airy-first-failed-at", "x-airy-queue", "x-death"})
        CHECK(find(copy, name) == nullptr);
    CHECK(text(copy, "x-airy-reason") == "attempts");
    CHECK(text(copy, "x-airy-attempts") == "3");
    CHECK(origin(copy) == "airy.events post.published");
    CHECK(text(copy, "traceparent") == "00-1");
    CHECK_FALSE(leave_out_optional(copy));
    leave_out_account(copy);
    CHECK(copy.headers == HeaderTable{{"traceparent", {std::string("00-1")}}});
}
