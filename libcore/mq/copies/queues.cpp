// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/copies/queues.hpp"

#include <cstdint>

namespace airy::mq::copies {
namespace {

// Sends a queue's dead letters to `queue`, and keeps the broker from losing them on the way.
// https://www.rabbitmq.com/quorum-queues.html: at-least-once needs reject-publish.
event::HeaderTable dead_letters_to(const std::string& queue, const std::string& type) {
    event::HeaderTable arguments = {{"x-dead-letter-exchange", {std::string()}},
                                    {"x-dead-letter-routing-key", {queue}}};
    if (type == "quorum") {
        arguments.push_back({"x-dead-letter-strategy", {std::string("at-least-once")}});
        arguments.push_back({"x-overflow", {std::string("reject-publish")}});
    }
    return arguments;
}

}  // namespace

QueueSpec work_queue_spec(const WorkQueueSpec& queue) {
    QueueSpec spec;
    spec.name = queue.name;
    spec.type = queue.type;
    if (queue.ephemeral) {
        spec.type = "classic";
        spec.durable = false;
        spec.auto_delete = true;
        return spec;
    }
    spec.arguments = dead_letters_to(queue.dead_letter_queue(), queue.type);
    if (queue.type == "quorum")
        spec.arguments.push_back({"x-delivery-limit", {std::int64_t{default_delivery_limit}}});
    return spec;
}

QueueSpec dead_letter_queue_spec(const WorkQueueSpec& queue) {
    QueueSpec spec;
    spec.name = queue.dead_letter_queue();
    spec.type = queue.type;
    // No queue follows this one, so a look too many would lose the message.
    spec.unlimited_deliveries = true;
    return spec;
}

QueueSpec retry_queue_spec(const WorkQueueSpec& queue, std::chrono::milliseconds delay) {
    QueueSpec spec;
    spec.name = queue.retry_queue(delay);
    spec.type = queue.type;
    spec.arguments = dead_letters_to(queue.name, queue.type);
    spec.arguments.push_back({"x-message-ttl", {std::int64_t{delay.count()}}});
    return spec;
}

Declarations work_queue_declarations(const WorkQueueSpec& queue) {
    Declarations all;
    all.exchanges.push_back({queue.exchange, "topic", true});
    // The queue first: where it exists with other properties, nothing else is made.
    all.queues.push_back(work_queue_spec(queue));
    if (!queue.ephemeral) all.queues.push_back(dead_letter_queue_spec(queue));
    for (const auto& pattern : queue.patterns)
        all.bindings.push_back({queue.name, queue.exchange, pattern});
    return all;
}

void declare_work_queue(Topology& topology, const WorkQueueSpec& queue) {
    const auto all = work_queue_declarations(queue);
    for (const auto& exchange : all.exchanges)
        topology.declare_exchange(exchange);
    for (const auto& spec : all.queues)
        topology.declare_queue(spec);
    for (const auto& binding : all.bindings)
        topology.bind(binding.queue, binding.exchange, binding.pattern);
}

}  // namespace airy::mq::copies
