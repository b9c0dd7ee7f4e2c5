// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/broker.hpp"

#include <algorithm>
#include <chrono>

#include "mq/amqp/inventory.hpp"
#include "mq/amqp/publisher.hpp"
#include "mq/amqp/subscription.hpp"
#include "mq/amqp/topology.hpp"
#include "util/error.hpp"

namespace airy::mq::amqp {

namespace {

// A look waits no longer for an API that it can do without.
constexpr std::chrono::milliseconds limit_deadline{2000};

}  // namespace

AmqpBroker::AmqpBroker(const Endpoint& endpoint) : endpoint_(endpoint), management_(endpoint) {}

std::unique_ptr<Publisher> AmqpBroker::publisher(const PublisherOptions& options) {
    return std::make_unique<AmqpPublisher>(endpoint_, options);
}

std::unique_ptr<Subscription> AmqpBroker::subscribe(const SubscribeOptions& options) {
    refuse_earlier_start(options, "RabbitMQ");
    return std::make_unique<AmqpSubscription>(endpoint_, options);
}

std::unique_ptr<Topology> AmqpBroker::topology() {
    return std::make_unique<AmqpTopology>(endpoint_);
}

// A policy can set a limit at any time, and only the management API tells it. Without that, the
// limit of the queue's arguments has to do, and where nobody tells it, the least that may be.
copies::ReturnRule AmqpBroker::return_rule(const std::string& queue) {
    copies::ReturnRule rule;
    rule.look_to_the_last = endpoint_.look_to_the_last;
    try {
        auto quick = endpoint_;
        quick.management_deadline = std::min(quick.management_deadline, limit_deadline);
        const auto info = Management(quick).queue(queue);
        if (info.type == "classic" || info.type == "stream") return rule;
        if (info.delivery_limit) {
            if (*info.delivery_limit >= 0)
                rule.limit = static_cast<std::uint64_t>(*info.delivery_limit);
            return rule;
        }
    } catch (const Error&) {
        // Not to be reached, or no such queue: the look itself will say so.
    }
    AmqpTopology topology(endpoint_);
    const auto declared = topology.declared_limit(queue);
    rule.guessed = !declared.known;
    if (rule.guessed)
        rule.limit = 1;
    else if (!declared.number)
        rule.limit = default_delivery_limit_of(topology.server());
    else if (*declared.number >= 0)
        rule.limit = static_cast<std::uint64_t>(*declared.number);
    return rule;
}

// Of a queue whose limit nobody tells, the default is the best guess.
unsigned AmqpBroker::unset_limit(const std::string& queue) {
    AmqpTopology topology(endpoint_);
    const auto limit = default_delivery_limit_of(topology.server());
    if (!limit || topology.declared_limit(queue).number) return 0;
    return static_cast<unsigned>(*limit);
}

Inventory AmqpBroker::inventory(const InventoryQuery& query) {
    auto inventory = query.queues.empty() ? take_inventory(management_, query)
                                          : take_inventory(management_, *this, query.queues);
    if (query.counts && query.queues.empty()) complete_counts(inventory, *this);
    if (query.bindings) add_bindings(inventory, management_);
    return inventory;
}

}  // namespace airy::mq::amqp
