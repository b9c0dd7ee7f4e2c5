// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string>

#include "event/message.hpp"

namespace airy::mq {

struct QueueSpec {
    std::string name;
    std::string type = "quorum";  // quorum, classic or stream
    bool durable = true;
    bool exclusive = false;
    bool auto_delete = false;
    // However often a message comes back, the queue keeps it. For a quorum queue, where the broker
    // has a limit by default and can leave it out; a queue that was made with that default stays.
    bool unlimited_deliveries = false;
    event::HeaderTable arguments;  // beside x-queue-type, which `type` sets
};

struct ExchangeSpec {
    std::string name;
    std::string type = "topic";
    bool durable = true;
};

struct QueueState {
    std::string name;
    std::uint64_t ready = 0;
    std::uint32_t consumers = 0;
};

// Declares, looks at and deletes exchanges, queues and bindings over one connection. One thread at
// a time; calls block until the broker answers or the endpoint's timeout is over. Throws
// Error{not_found} for a queue or an exchange that is missing, or that exists with other properties
// (with the broker's account of the difference), Error{unreachable} when the connection is lost or
// the user lacks the permission.
class Topology {
  public:
    virtual ~Topology() = default;

    virtual void declare_exchange(const ExchangeSpec& spec) = 0;
    virtual void check_exchange(const std::string& name) = 0;
    virtual QueueState declare_queue(const QueueSpec& spec) = 0;
    virtual QueueState check_queue(const std::string& name) = 0;
    virtual void bind(const std::string& queue, const std::string& exchange,
                      const std::string& pattern) = 0;
    virtual void unbind(const std::string& queue, const std::string& exchange,
                        const std::string& pattern) = 0;
    // Return the number of messages deleted with it.
    virtual std::uint64_t delete_queue(const std::string& name, bool if_empty, bool if_unused) = 0;
    virtual std::uint64_t purge_queue(const std::string& name) = 0;
    virtual void delete_exchange(const std::string& name) = 0;

    // The broker's name and version, e.g. "RabbitMQ 3.10.8".
    virtual std::string server() const = 0;
};

}  // namespace airy::mq
