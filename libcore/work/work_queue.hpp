// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

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
};

// How often a quorum queue lets a message come back before the broker dead-letters it. It is the
// backstop for messages that kill their consumer: well above the 5 attempts that a message gets
// otherwise, and at the pace of `decide` reached after about two and a half minutes.
inline constexpr unsigned delivery_limit = 20;

// Declares the exchange, the queue and its dead-letter queue, and binds the queue to each pattern.
// What is there already with the same properties stays as it is. Throws Error{not_found} with the
// broker's account of what differs.
void declare_work_queue(mq::Topology& topology, const WorkQueue& queue);

// What declare_work_queue would declare for the queue itself.
mq::QueueSpec work_queue_spec(const WorkQueue& queue);

}  // namespace airy::work
