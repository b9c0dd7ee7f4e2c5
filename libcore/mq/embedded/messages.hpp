// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mq/embedded/change.hpp"

// Messages in queues, within a change. Each keeps the counts of its queue true.
namespace airy::mq::embedded {

// A message as the file holds it.
struct StoredMessage {
    std::int64_t key = 0;
    std::int64_t deliveries = 0;  // those after which it came back
    std::int64_t lease = 0;       // first key of the lease that holds it; 0: no lease does
    std::optional<std::int64_t> expires_at;
    std::string exchange;
    std::string topic;
    std::string meta;
    std::string body;
};

// A message on its way into a queue; what it refers to belongs to the caller.
struct IncomingMessage {
    std::string_view exchange;
    std::string_view topic;
    std::string_view meta;
    std::string_view body;
    std::optional<std::int64_t> ttl{};  // its own, milliseconds
    std::int64_t priority = 0;
};

// Whether a queue that rejects what is too much has room (x-overflow).
bool has_room(const QueueCounts& queue, std::size_t body_size) noexcept;

// Puts a message at its place; a queue that is too full loses from its head.
void put_message(Change& change, QueueCounts& queue, const IncomingMessage& message);

// Up to `limit` messages that may be delivered, in the queue's order. Changes nothing.
std::vector<StoredMessage> ready_messages(Change& change, QueueCounts& queue, std::size_t limit);

// Takes out the first of the ready messages.
void remove_head(Change& change, QueueCounts& queue, const StoredMessage& head);

// Takes out the first up to `limit` ready messages, without looking at them. Returns how many.
std::size_t remove_ready(Change& change, QueueCounts& queue, std::size_t limit);

// Gives the first up to `limit` ready messages to a session. What has expired goes its own way.
std::vector<StoredMessage> lease_messages(Change& change, QueueCounts& queue, std::int64_t session,
                                          std::size_t limit);

// What a session holds under this key.
std::optional<StoredMessage> held_message(Change& change, std::int64_t key);

// Held messages with these keys, which follow each other without a gap, are gone for good. Returns
// how many there were.
std::int64_t forget_held(Change& change, QueueCounts& queue, std::int64_t first, std::int64_t last);

// How a held message comes back.
enum class Return : std::uint8_t {
    requeued,     // by its consumer
    left_behind,  // its consumer is gone
};

// A held message is ready again, and has come back once more; or is dead-lettered when that was
// once too often.
void give_back(Change& change, QueueCounts& queue, const StoredMessage& message, Return how);

}  // namespace airy::mq::embedded
