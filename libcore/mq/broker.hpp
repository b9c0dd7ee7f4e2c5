// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "mq/endpoint.hpp"
#include "mq/publisher.hpp"
#include "mq/subscription.hpp"
#include "mq/topology.hpp"

namespace airy::mq {

// One message broker, as the rest of the project sees it. Makes connections; holds none itself.
// Thread-safe. Every call that connects throws Error{unreachable} when the broker cannot be reached
// or refuses the login or the TLS handshake.
class Broker {
  public:
    virtual ~Broker() = default;

    virtual std::unique_ptr<Publisher> publisher(const PublisherOptions& options) = 0;
    virtual std::unique_ptr<Subscription> subscribe(const SubscribeOptions& options) = 0;
    virtual std::unique_ptr<Topology> topology() = 0;
};

// The broker that `endpoint.url` names; connects to nothing yet. Throws Error{usage} for a URL that
// cannot be used, naming the part.
std::unique_ptr<Broker> connect(const Endpoint& endpoint);

}  // namespace airy::mq
