// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/broker.hpp"

#include "mq/embedded/publisher.hpp"
#include "mq/embedded/subscription.hpp"
#include "mq/embedded/topology.hpp"

namespace airy::mq::embedded {

EmbeddedBroker::EmbeddedBroker(const Endpoint& endpoint)
    : location_(parse_location(endpoint.url)) {}

std::unique_ptr<Publisher> EmbeddedBroker::publisher(const PublisherOptions& options) {
    return std::make_unique<EmbeddedPublisher>(location_, options);
}

std::unique_ptr<Subscription> EmbeddedBroker::subscribe(const SubscribeOptions& options) {
    return std::make_unique<EmbeddedSubscription>(location_, options);
}

std::unique_ptr<Topology> EmbeddedBroker::topology() {
    return std::make_unique<EmbeddedTopology>(location_);
}

}  // namespace airy::mq::embedded
