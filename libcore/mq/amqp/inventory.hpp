// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "mq/amqp/management.hpp"
#include "mq/broker.hpp"

// RabbitMQ's inventory, put together from its management API and from passive declares. On the
// caller's thread; throw as Management and Broker do.
namespace airy::mq::amqp {

// Every queue of the virtual host, by name, as the management API tells it.
Inventory take_inventory(const Management& management);

// The management API learns of a new queue's messages only with its next statistics, up to five
// seconds later; a passive declare knows them at once. Asks for those that are absent.
void complete_counts(Inventory& inventory, Broker& broker);

// These queues in this order, ready and consumers as of now: of a queue that is another
// connection's own only the management API tells. A queue that is not there is no reason to be
// silent about the others: its error is in `missing`.
Inventory take_inventory(const Management& management, Broker& broker,
                         const std::vector<std::string>& names);

// Completes the reports with what their queues are bound to, which AMQP cannot tell: where the
// management API does not answer, or has not before, bindings stay absent.
void add_bindings(Inventory& inventory, const Management& management);

}  // namespace airy::mq::amqp
