// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/broker.hpp"

#include "mq/amqp/inventory.hpp"
#include "mq/amqp/publisher.hpp"
#include "mq/amqp/subscription.hpp"
#include "mq/amqp/topology.hpp"

namespace airy::mq::amqp {

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

Inventory AmqpBroker::inventory(const InventoryQuery& query) {
    auto inventory = query.queues.empty() ? take_inventory(management_, query)
                                          : take_inventory(management_, *this, query.queues);
    if (query.counts && query.queues.empty()) complete_counts(inventory, *this);
    if (query.bindings) add_bindings(inventory, management_);
    return inventory;
}

}  // namespace airy::mq::amqp
