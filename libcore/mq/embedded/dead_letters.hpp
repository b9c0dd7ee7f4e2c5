// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include "event/message.hpp"
#include "mq/embedded/messages.hpp"

namespace airy::mq::embedded {

// Adds to the message's headers that it died in this queue, as RabbitMQ does
// (https://www.rabbitmq.com/dlx.html#effects): x-death, and x-first-death-* the first time. Its
// expiration is gone, so that it does not expire again. `seconds` since 1970. Pure.
void add_death(event::Message& message, std::string_view queue, std::string_view reason,
               std::uint64_t seconds, bool keep_cc);

// Whether the message comes to this queue once more without a consumer having rejected it on the
// way: such a one is dropped. Pure.
bool is_cycle(const event::HeaderTable& headers, std::string_view queue);

// Publishes a message that has left `from` to that queue's dead-letter exchange. When there is none
// or no queue takes it, it is gone; or, where the queue dead-letters at least once, it stays there,
// neither ready nor delivered, until one does. `reason`: rejected, expired, maxlen, delivery_limit.
// Properties that cannot be read never hold it up: then their bytes go along
// in the header x-airy-damaged.
void dead_letter(Change& change, const QueueInfo& from, const StoredMessage& stored,
                 std::string_view reason);

// Dead-letters a message that no consumer can be given, as rejected. Where no queue takes it, it
// stays in the file as it is, neither ready nor delivered.
void set_aside(Change& change, const QueueInfo& from, const StoredMessage& stored);

// Tries again with what no queue took before.
void retry_letters(Change& change, QueueCounts& queue);

// A message that found a full queue: gone, or dead-lettered when the queue wants that.
void reject_incoming(Change& change, const QueueInfo& queue, const IncomingMessage& message);

}  // namespace airy::mq::embedded
