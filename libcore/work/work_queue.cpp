// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/work_queue.hpp"

#include <cstdint>

namespace airy::work {

mq::QueueSpec work_queue_spec(const WorkQueue& queue) {
    mq::QueueSpec spec;
    spec.name = queue.name;
    spec.type = queue.type;
    if (queue.ephemeral) {
        spec.type = "classic";
        spec.durable = false;
        spec.auto_delete = true;
        return spec;
    }
    spec.arguments = {{"x-dead-letter-exchange", {std::string()}},
                      {"x-dead-letter-routing-key", {queue.dead_letter_queue()}}};
    if (queue.type == "quorum") {
        // https://www.rabbitmq.com/quorum-queues.html: at-least-once needs reject-publish.
        spec.arguments.push_back({"x-dead-letter-strategy", {std::string("at-least-once")}});
        spec.arguments.push_back({"x-overflow", {std::string("reject-publish")}});
        spec.arguments.push_back({"x-delivery-limit", {std::int64_t{delivery_limit}}});
    }
    return spec;
}

void declare_work_queue(mq::Topology& topology, const WorkQueue& queue) {
    topology.declare_exchange({queue.exchange, "topic", true});
    // The queue first: where it is there with other properties, nothing else is made.
    topology.declare_queue(work_queue_spec(queue));
    if (!queue.ephemeral) {
        mq::QueueSpec dead_letters;
        dead_letters.name = queue.dead_letter_queue();
        dead_letters.type = queue.type;
        topology.declare_queue(dead_letters);
    }
    for (const auto& pattern : queue.patterns)
        topology.bind(queue.name, queue.exchange, pattern);
}

}  // namespace airy::work
