// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/broker.hpp"

#include "mq/embedded/health.hpp"
#include "mq/embedded/inventory.hpp"
#include "mq/embedded/look.hpp"
#include "mq/embedded/publisher.hpp"
#include "mq/embedded/requester.hpp"
#include "mq/embedded/subscription.hpp"
#include "mq/embedded/topology.hpp"

namespace airy::mq::embedded {

namespace {

Location location_of(const Endpoint& endpoint) {
    auto location = parse_location(endpoint.url);
    location.create = location.create && endpoint.create;
    location.interrupt_fd = endpoint.interrupt_fd;
    location.patience = endpoint.connect_timeout;
    return location;
}

}  // namespace

EmbeddedBroker::EmbeddedBroker(const Endpoint& endpoint) : location_(location_of(endpoint)) {}

std::unique_ptr<Publisher> EmbeddedBroker::publisher(const PublisherOptions& options) {
    if (options.replies) return std::make_unique<EmbeddedRequester>(location_, options);
    return std::make_unique<EmbeddedPublisher>(location_, options);
}

std::unique_ptr<Subscription> EmbeddedBroker::subscribe(const SubscribeOptions& options) {
    refuse_earlier_start(options, "the embedded broker");
    return std::make_unique<EmbeddedSubscription>(location_, options);
}

std::unique_ptr<Topology> EmbeddedBroker::topology() {
    return std::make_unique<EmbeddedTopology>(location_);
}

Look EmbeddedBroker::look_into(const std::string& queue, std::uint64_t limit,
                               const std::function<bool(const Delivered&)>& see,
                               util::SignalFd& signals) {
    return embedded::look_into(location_, queue, limit, see, signals);
}

copies::ReturnRule EmbeddedBroker::return_rule(const std::string& queue) {
    copies::ReturnRule rule;
    rule.look_to_the_last = true;
    for (const auto& report : inventory({.queues = {queue}}).queues)
        if (report.queue.delivery_limit)
            rule.limit = static_cast<std::uint64_t>(*report.queue.delivery_limit);
    return rule;
}

Inventory EmbeddedBroker::inventory(const InventoryQuery& query) {
    EmbeddedTopology topology(location_);
    return take_inventory(topology, query);
}

std::vector<std::string> EmbeddedBroker::alarms() {
    return alarms_of(location_);
}

std::vector<std::string> EmbeddedBroker::concerns() {
    return concerns_of(location_);
}

}  // namespace airy::mq::embedded
