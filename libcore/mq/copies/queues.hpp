// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>

#include "mq/reconnect.hpp"
#include "mq/topology.hpp"
#include "mq/work_queue.hpp"

// The queues that a work queue consists of on a broker of AMQP's kind: the queue, its dead-letter
// queue, and one retry queue for each delay. Pure, except for declare_work_queue.
namespace airy::mq::copies {

QueueSpec work_queue_spec(const WorkQueueSpec& queue);
QueueSpec dead_letter_queue_spec(const WorkQueueSpec& queue);

// A queue in which messages wait for `delay` before the broker puts them back into the work queue.
// The queue stays when nothing uses it: RabbitMQ 3.10 deletes a quorum queue with x-expires, and
// its messages, that long after its declaration, even while the queue is in use.
QueueSpec retry_queue_spec(const WorkQueueSpec& queue, std::chrono::milliseconds delay);

// The exchange, the queue, its dead-letter queue and its bindings, for a subscription to declare
// again on each reconnect. Queues that are taken as they are are not among them.
Declarations work_queue_declarations(const WorkQueueSpec& queue);

// Declares the same now, and returns the work queue's state. Existing queues with the same
// properties stay unchanged. Throws Error{differs} with the broker's account of the differences,
// unless the queues are taken as they are.
QueueState declare_work_queue(Topology& topology, const WorkQueueSpec& queue);

// Declares a queue, or finds that there is one of that name; tells the differences as a log line.
QueueState declare_as_is(Topology& topology, const QueueSpec& queue);

}  // namespace airy::mq::copies
