// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/copies/queues.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>

#include "util/error.hpp"
#include "util/log.hpp"
#include "util/text.hpp"

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

// Adds the caller's own arguments. Throws Error{argument_taken}.
void add_arguments(QueueSpec& spec, const event::HeaderTable& own) {
    for (const auto& argument : own) {
        const auto there =
            std::ranges::find(spec.arguments, argument.first, &event::HeaderField::first);
        if (there == spec.arguments.end())
            spec.arguments.push_back(argument);
        else if (*there != argument)
            throw Error(Reason::argument_taken,
                        fmt::format("a work queue has its own value of the argument '{}'",
                                    util::printable(argument.first)));
    }
}

std::vector<QueueSpec> queues_of(const WorkQueueSpec& queue) {
    // The queue first: where it exists with other properties, nothing else is made.
    std::vector<QueueSpec> queues{work_queue_spec(queue)};
    if (!queue.ephemeral) queues.push_back(dead_letter_queue_spec(queue));
    return queues;
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
        add_arguments(spec, queue.arguments);
        return spec;
    }
    spec.arguments = dead_letters_to(queue.dead_letter_queue(), queue.type);
    if (queue.type == "quorum")
        spec.arguments.push_back({"x-delivery-limit", {std::int64_t{default_delivery_limit}}});
    add_arguments(spec, queue.arguments);
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
    if (!queue.exchange.empty()) all.exchanges.push_back({queue.exchange, "topic", true});
    if (!queue.as_is) all.queues = queues_of(queue);
    for (const auto& pattern : queue.patterns)
        all.bindings.push_back({queue.name, queue.exchange, pattern});
    return all;
}

QueueState declare_as_is(Topology& topology, const QueueSpec& queue) {
    try {
        return topology.declare_queue(queue);
    } catch (const Error& error) {
        // A user who may consume may lack the permission to configure.
        if (error.reason() != Reason::differs && error.reason() != Reason::access_refused) throw;
        util::log_warn("takes a queue as it is", {{"queue", queue.name}, {"reason", error.what()}});
        return topology.check_queue(queue.name);
    }
}

QueueState declare_work_queue(Topology& topology, const WorkQueueSpec& queue) {
    const auto all = work_queue_declarations(queue);
    const auto queues = queues_of(queue);
    for (const auto& exchange : all.exchanges)
        topology.declare_exchange(exchange);
    QueueState state;
    for (const auto& spec : queues) {
        const auto declared =
            queue.as_is ? declare_as_is(topology, spec) : topology.declare_queue(spec);
        if (spec.name == queue.name) state = declared;
    }
    for (const auto& binding : all.bindings)
        topology.bind(binding.queue, binding.exchange, binding.pattern);
    return state;
}

}  // namespace airy::mq::copies
