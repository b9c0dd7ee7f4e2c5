// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/broker.hpp"

#include "mq/amqp/publisher.hpp"
#include "mq/amqp/subscription.hpp"
#include "mq/amqp/topology.hpp"

namespace airy::mq::amqp {

AmqpBroker::AmqpBroker(const Endpoint& endpoint) : endpoint_(endpoint) {
    parse_amqp_url(endpoint_.url);
}

std::unique_ptr<Publisher> AmqpBroker::publisher(const PublisherOptions& options) {
    return std::make_unique<AmqpPublisher>(endpoint_, options);
}

std::unique_ptr<Subscription> AmqpBroker::subscribe(const SubscribeOptions& options) {
    return std::make_unique<AmqpSubscription>(endpoint_, options);
}

std::unique_ptr<Topology> AmqpBroker::topology() {
    return std::make_unique<AmqpTopology>(endpoint_);
}

}  // namespace airy::mq::amqp
