// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

#include "mq/amqp/management.hpp"
#include "mq/broker.hpp"

// RabbitMQ's inventory, put together from its management API and from passive declares. All on the
// caller's thread; they throw as Management and Broker do.
namespace airy::mq::amqp {

// The queues of the virtual host that the query does not leave out, by name, as the management API
// tells them.
Inventory take_inventory(const Management& management, const InventoryQuery& query);

// Asks a passive declare for message counts that are absent: the management API knows a new queue's
// messages up to five seconds later, a passive declare at once.
void complete_counts(Inventory& inventory, Broker& broker);

// These queues in this order, ready and consumers as of now; a queue that is exclusive to another
// connection only as the management API tells it. A queue that is not there puts its error into
// `missing`; the others are reported all the same.
Inventory take_inventory(const Management& management, Broker& broker,
                         const std::vector<std::string>& names);

// Adds their bindings to the reports, which only the management API tells: bindings stay absent
// where it does not answer, or did not before.
void add_bindings(Inventory& inventory, const Management& management);

}  // namespace airy::mq::amqp
