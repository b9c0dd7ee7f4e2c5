// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// Queues with dead letters and retries, as a work queue has them, by the calls of mq::Broker.
#pragma once

#include "fixture.hpp"

namespace airy::mq {

inline event::HeaderTable joined(event::HeaderTable one, const event::HeaderTable& other) {
    one.insert(one.end(), other.begin(), other.end());
    return one;
}

// Arguments of a quorum queue whose dead letters the broker must not lose on their way.
inline event::HeaderTable safe_dead_letter_to(const std::string& queue) {
    return joined(dead_letter_to(queue),
                  {{"x-dead-letter-strategy", {std::string("at-least-once")}},
                   {"x-overflow", {std::string("reject-publish")}}});
}

inline event::HeaderTable arguments_of_type(const std::string& type, const std::string& dead) {
    return type == "quorum" ? safe_dead_letter_to(dead) : dead_letter_to(dead);
}

inline event::HeaderTable ttl(std::int64_t milliseconds) {
    return {{"x-message-ttl", {milliseconds}}};
}

inline event::HeaderTable delivery_limit(std::int64_t most) {
    return {{"x-delivery-limit", {most}}};
}

// A copy of the message for one queue, as a retry or a dead letter is sent.
inline event::Message addressed_to(event::Message message, const std::string& queue) {
    message.exchange.clear();
    message.topic = queue;
    return message;
}

inline std::vector<event::Message> numbered(const Fixture& f, int first, int last) {
    std::vector<event::Message> out;
    for (int i = first; i <= last; ++i)
        out.push_back(f.message("post.published", std::to_string(i)));
    return out;
}

// The bodies in the order of delivery, e.g. "1 2 3".
inline std::string bodies(const std::vector<Delivered>& all) {
    std::string out;
    for (const auto& delivered : all)
        out += (out.empty() ? "" : " ") + delivered.message.body;
    return out;
}

// The bodies of the next deliveries, one at a time: each is acked before the next one comes.
inline std::string acked_one_by_one(Subscription& subscription, std::size_t count) {
    std::vector<Delivered> all;
    while (all.size() < count) {
        const auto got = deliveries(subscription, 1);
        REQUIRE(got.size() == 1);
        subscription.settle(got[0].handle, Disposition::ack);
        all.push_back(got[0]);
    }
    return bodies(all);
}

inline event::HeaderValue delivery_count(const Delivered& delivered) {
    const auto* count = field(delivered.message.headers, "x-delivery-count");
    return count ? *count : event::HeaderValue{};
}

inline event::Message full_message(const Fixture& f) {
    auto message = f.message("post.published", std::string("{\"a\":1}\0\xff", 9));
    message.properties.content_type = "application/json";
    message.properties.content_encoding = "identity";
    message.properties.priority = 3;
    message.properties.correlation_id = "c-1";
    message.properties.reply_to = "answers";
    message.properties.message_id = "m-1";
    message.properties.timestamp = 1'700'000'000;
    message.properties.type = "post.published";
    message.properties.app_id = "airy-tools";
    message.has_headers = true;
    message.headers = headers_of_every_type();
    return message;
}

// The error's text; empty when the action did not fail with this kind.
inline std::string failure_of(ErrorKind kind, const std::function<void()>& action) {
    try {
        action();
    } catch (const Error& error) {
        CHECK(error.kind() == kind);
        return error.kind() == kind ? error.what() : "";
    }
    return "";
}

// Waits until the queue has so many consumers: a broker notices a consumer's end a moment later.
inline bool has_consumers(Fixture& f, const std::string& queue, std::uint32_t count) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (f.topology().check_queue(queue).consumers != count)
        if (std::chrono::steady_clock::now() >= deadline) return false;
    return true;
}

inline bool goes_away(Fixture& f, const std::string& queue) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < deadline)
        try {
            f.topology().check_queue(queue);
        } catch (const Error& error) {
            return error.kind() == ErrorKind::not_found;
        }
    return false;
}

}  // namespace airy::mq
