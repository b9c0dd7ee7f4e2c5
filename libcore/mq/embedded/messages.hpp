// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mq/embedded/change.hpp"

// Messages in queues, within a change. Every function updates the counts of the queue.
namespace airy::mq::embedded {

// A message as the file holds it.
struct StoredMessage {
    std::int64_t key = 0;
    std::int64_t deliveries = 0;  // earlier ones, after each of which the message came back
    std::int64_t lease = 0;       // first key of the lease that holds it; 0: no lease does
    std::optional<std::int64_t> expires_at;
    std::string exchange;
    std::string topic;
    std::string meta;
    std::string body;
};

// The message of a row `id, deliveries, expires_at, exchange, topic, meta, body`.
StoredMessage stored_message(const Query& row);

// A message on its way into a queue. Its texts and bytes belong to the caller.
struct IncomingMessage {
    std::string_view exchange;
    std::string_view topic;
    std::string_view meta;
    std::string_view body;
    std::optional<std::int64_t> ttl{};  // the message's own, in milliseconds
    std::int64_t priority = 0;
};

// Whether a queue that rejects messages when it is full (x-overflow) has room for this one.
bool has_room(const QueueCounts& queue, std::size_t body_size) noexcept;

// Puts a message at its place in the queue. A queue that is too full then drops from its head.
void put_message(Change& change, QueueCounts& queue, const IncomingMessage& message);

// The first `limit` ready messages, in the queue's order. Changes nothing.
std::vector<StoredMessage> ready_messages(Change& change, QueueCounts& queue, std::size_t limit);

// Removes the first ready message from the queue.
void remove_head(Change& change, QueueCounts& queue, const StoredMessage& head);

// Removes the first ready messages from the queue, without a dead letter: at most `limit`, and no
// more than a few milliseconds take. Returns how many.
std::size_t remove_ready(Change& change, QueueCounts& queue, std::size_t limit);

// Gives the first `limit` ready messages to a session. Expired ones among them are dead-lettered.
std::vector<StoredMessage> lease_messages(Change& change, QueueCounts& queue, std::int64_t session,
                                          std::size_t limit);

// The message with this key, which a session holds.
std::optional<StoredMessage> held_message(Change& change, std::int64_t key);

// Removes the held messages with the keys from `first` to `last`. Returns how many there were.
std::int64_t forget_held(Change& change, QueueCounts& queue, std::int64_t first, std::int64_t last);

// Why a held message comes back.
enum class Return : std::uint8_t {
    requeued,     // its consumer has put it back
    left_behind,  // its consumer's session has ended
};

// Makes a held message ready again and counts its return, or dead-letters it when the count exceeds
// the queue's delivery limit.
void give_back(Change& change, QueueCounts& queue, const StoredMessage& message, Return how);

}  // namespace airy::mq::embedded
