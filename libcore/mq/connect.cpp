// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// The one place of mq that knows which brokers there are; a library of its own for that reason.
#include "mq/amqp/broker.hpp"
#include "mq/broker.hpp"
#include "mq/embedded/broker.hpp"

namespace airy::mq {

std::unique_ptr<Broker> connect(const Endpoint& endpoint) {
    if (!speaks_amqp(endpoint.url)) return std::make_unique<embedded::EmbeddedBroker>(endpoint);
    return std::make_unique<amqp::AmqpBroker>(endpoint);
}

}  // namespace airy::mq
