// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

#include "mq/embedded/messages.hpp"

namespace airy::mq::embedded {

// Publishes a message that has left `from` to that queue's dead-letter exchange. A message that no
// queue takes is lost; but a queue that dead-letters at least once keeps it, neither ready nor
// delivered, until another queue takes it. `reason`: rejected, expired, maxlen, delivery_limit.
// Properties that cannot be read become the header x-airy-damaged, as bytes.
void dead_letter(Change& change, const QueueInfo& from, const StoredMessage& stored,
                 std::string_view reason);

// Dead-letters a damaged message with the reason `rejected`. A message that no queue takes stays in
// the file as it is, neither ready nor delivered.
void set_aside(Change& change, const QueueInfo& from, const StoredMessage& stored);

// Tries again to forward the dead letters that the queue keeps.
void retry_letters(Change& change, QueueCounts& queue);

// Drops a message that found its queue full, or dead-letters it when x-overflow says so.
void reject_incoming(Change& change, const QueueInfo& queue, const IncomingMessage& message);

}  // namespace airy::mq::embedded
