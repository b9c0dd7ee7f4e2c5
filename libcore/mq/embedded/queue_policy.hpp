// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event/message.hpp"
#include "mq/topology.hpp"

// The meaning of queue arguments (https://www.rabbitmq.com/queues.html#optional-arguments). Pure.
namespace airy::mq::embedded {

enum class Overflow : std::uint8_t { drop_head, reject_publish, reject_publish_dlx };

struct QueuePolicy {
    bool quorum = false;
    std::optional<std::int64_t> ttl;      // milliseconds that a message may wait
    std::optional<std::int64_t> expires;  // milliseconds that the queue may stay unused
    std::optional<std::int64_t> max_length;
    std::optional<std::int64_t> max_bytes;
    std::optional<std::int64_t> delivery_limit;  // quorum queues only
    std::optional<std::int64_t> max_priority;    // classic queues only
    Overflow overflow = Overflow::drop_head;
    std::optional<std::string> dead_letter_exchange;
    std::optional<std::string> dead_letter_key;
    bool at_least_once = false;  // the queue keeps a dead letter that no other queue takes
    bool single_active = false;  // of its consumers, only the first one gets messages

    bool bounded() const noexcept { return max_length || max_bytes; }
};

// The specification as the broker keeps it: x-queue-type moves to `type`, and an exclusive queue
// becomes classic. Throws Error{usage} that names the argument which cannot be used.
QueueSpec normalized(QueueSpec spec);

// Takes the type and the arguments of a normalized specification.
QueuePolicy policy_of(const std::string& type, const event::HeaderTable& arguments);

// One text for each property in which the two differ.
std::vector<std::string> differences(const QueueSpec& existing, const QueueSpec& wanted);

}  // namespace airy::mq::embedded
