// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include "mq/amqp/management.hpp"
#include "mq/copies/broker.hpp"

namespace airy::mq::amqp {

// RabbitMQ through rabbitmq-c. Publishers, subscriptions and topologies have a connection each: a
// broker under memory alarm stops reading from publishers only.
class AmqpBroker final : public copies::CopyingBroker {
  public:
    // Throws Error{usage} for a URL that cannot be used.
    explicit AmqpBroker(const Endpoint& endpoint);

    std::unique_ptr<Publisher> publisher(const PublisherOptions& options) override;
    std::unique_ptr<Subscription> subscribe(const SubscribeOptions& options) override;
    std::unique_ptr<Topology> topology() override;
    Inventory inventory(const InventoryQuery& query) override;
    std::vector<std::string> alarms() override { return management_.alarms(); }

  protected:
    unsigned unset_limit(const std::string& queue) override;
    copies::ReturnRule return_rule(const std::string& queue) override;

  private:
    const Endpoint endpoint_;
    const Management management_;
};

}  // namespace airy::mq::amqp
