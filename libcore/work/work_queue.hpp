// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "mq/reconnect.hpp"
#include "mq/topology.hpp"

namespace airy::work {

// The queue a consumer takes its messages from, and where it hangs.
struct WorkQueue {
    std::string name;
    std::string exchange;
    std::vector<std::string> patterns;
    std::string type = "quorum";  // or classic
    // Not durable, deleted with its last consumer, without dead letters; always classic.
    bool ephemeral = false;

    std::string dead_letter_queue() const { return name + ".dlq"; }
    std::string retry_queue(std::chrono::milliseconds delay) const {
        return name + ".retry." + std::to_string(delay.count());
    }
};

// How often a quorum queue lets a message come back before the broker dead-letters it. It is the
// backstop for messages that kill their consumer: well above the 5 attempts that a message gets
// otherwise, and at the pace of `decide` reached after about two and a half minutes.
inline constexpr unsigned delivery_limit = 20;

// Declares the exchange, the queue and its dead-letter queue, and binds the queue to each pattern.
// What is there already with the same properties stays as it is. Throws Error{not_found} with the
// broker's account of what differs.
void declare_work_queue(mq::Topology& topology, const WorkQueue& queue);

// What declare_work_queue would declare for the queue itself, and for its dead letters.
mq::QueueSpec work_queue_spec(const WorkQueue& queue);
mq::QueueSpec dead_letter_queue_spec(const WorkQueue& queue);

// A queue in which messages wait for `delay` before the broker puts them back into the work queue.
// It stays when it is not used: a quorum queue with x-expires is deleted, with what waits in it,
// that long after it was declared, however much it is used (RabbitMQ 3.10).
mq::QueueSpec retry_queue_spec(const WorkQueue& queue, std::chrono::milliseconds delay);

// All that declare_work_queue declares, for a subscription to declare again.
mq::Declarations work_queue_declarations(const WorkQueue& queue);

}  // namespace airy::work
