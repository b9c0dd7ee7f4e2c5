// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "mq/dead_letter.hpp"
#include "mq/endpoint.hpp"
#include "mq/inventory.hpp"
#include "mq/publisher.hpp"
#include "mq/subscription.hpp"
#include "mq/topology.hpp"
#include "mq/transfer.hpp"
#include "mq/work_queue.hpp"
#include "util/signals.hpp"

namespace airy::mq {

// One message broker, as the rest of the project uses it. Makes connections; holds none itself.
// Thread-safe. Every call that connects throws Error{unreachable} when the broker cannot be reached
// or refuses the login or the TLS handshake.
class Broker {
  public:
    virtual ~Broker() = default;

    virtual std::unique_ptr<Publisher> publisher(const PublisherOptions& options) = 0;
    virtual std::unique_ptr<Subscription> subscribe(const SubscribeOptions& options) = 0;
    virtual std::unique_ptr<Topology> topology() = 0;

    // Declares the queues of `spec`, or checks that its queue is there; WorkQueue::begin then
    // begins to deliver. The broker must outlive the result. Throws Error{not_found} that names the
    // differences for a queue that exists with other properties.
    virtual std::unique_ptr<WorkQueue> open_work_queue(const WorkQueueSpec& spec) = 0;

    // Declares the queues, the exchange and the bindings of `spec`, as open_work_queue does, and
    // returns the work queue's state. An empty exchange, with no patterns, is none. Throws as
    // open_work_queue does, and Error{argument_taken} for an argument that `spec` sets otherwise
    // than a work queue has it.
    virtual QueueState declare_work_queue(const WorkQueueSpec& spec) = 0;

    // Calls `see` with each message that is ready now, in order, at most `limit` (0: all), until
    // `see` returns false; then gives them all back. They keep their places, but are marked as
    // redelivered, and a quorum queue counts the return. A quorum queue puts returned messages
    // after those that were returned before, so where it has such messages, more than `limit` may
    // be taken and given back. A look never loses a message: where the next return of one would be
    // more than the queue's delivery limit, the queue gets a copy of it at its end instead, and the
    // look ends there unless Endpoint::look_to_the_last. Throws Error{not_found} for a queue that
    // is not there, Error{timeout} for a queue that has messages and delivers none.
    virtual Look look_into(const std::string& queue, std::uint64_t limit,
                           const std::function<bool(const Delivered&)>& see,
                           util::SignalFd& signals) = 0;

    // Moves the messages that are ready now, in order: each is confirmed in `to` before it leaves
    // `from`, and without `wanted` before the next one is taken, so that an interrupted move loses
    // none and leaves at most one in both. Throws as look_into does, and Error{undelivered} when
    // `to` does not take a message, which stays in `from`.
    virtual Transferred transfer(const Transfer& what, util::SignalFd& signals) = 0;

    // The broker's queues, as `query` asks. Throws Error{unreachable} when the broker, or the API
    // that lists its queues, cannot be reached; a named queue that is missing is reported in the
    // result.
    virtual Inventory inventory(const InventoryQuery& query) = 0;

    // The alarms that block publishers, e.g. "rabbit@host: memory"; empty: none, or the broker has
    // no alarms. Throws as inventory does.
    virtual std::vector<std::string> alarms() = 0;

    // States that block nobody yet and that an operator should know of; empty: none. Throws as
    // inventory does.
    virtual std::vector<std::string> concerns() { return {}; }

    // The account that a message in a dead-letter queue carries of its death.
    virtual DeadLetterAccount account_of(const Delivered& letter) const = 0;
};

// The broker that `endpoint.url` names; connects to nothing yet. Throws Error{usage} for a URL that
// cannot be used, naming the part.
std::unique_ptr<Broker> connect(const Endpoint& endpoint);

}  // namespace airy::mq
