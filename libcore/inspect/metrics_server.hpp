// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "work/status.hpp"

namespace boost::asio {
class io_context;
}

namespace airy::net {
class Listener;
}

namespace airy::inspect {

// Serves one consumer's metrics by HTTP: `/metrics` (Prometheus' text format), `/healthz` (200 as
// long as the loop turns) and `/readyz` (200 while subscribed, else 503 and the state). Lives on
// the loop thread of `loop`; loop and consumer must outlive it. Slow clients are dropped, and the
// oldest one when there are too many; they disturb nothing.
class MetricsServer {
  public:
    // Listens on `HOST:PORT` or `[V6]:PORT` from now on; port 0 takes a free one. Throws
    // Error{usage} when the text is not an address, Error{general} when it cannot listen there.
    // Looking up the host ends with Error{interrupted} once `interrupt` is readable.
    MetricsServer(boost::asio::io_context& loop, std::string_view address,
                  const work::ConsumerControl& consumer, int interrupt = -1);
    ~MetricsServer();
    MetricsServer(const MetricsServer&) = delete;
    MetricsServer& operator=(const MetricsServer&) = delete;

    std::uint16_t port() const;

  private:
    struct Served;
    std::shared_ptr<Served> served_;  // shared with the coroutines that serve
    std::unique_ptr<net::Listener> listener_;
};

}  // namespace airy::inspect
