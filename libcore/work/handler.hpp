// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <span>

#include "mq/subscription.hpp"
#include "pool/pool.hpp"
#include "work/policy.hpp"

namespace airy::work {

// What is done with the messages of a consumer. Everything happens on the loop thread.
class Handler {
  public:
    virtual ~Handler() = default;

    // Most messages that one slot takes at once; those of one call are in the queue's order, and
    // calls are made in that order too.
    virtual std::size_t batch_limit() const noexcept { return 1; }

    // Fills in one result for each message; they are `not_handled` before. An exception means
    // `retry` for those that still are.
    virtual boost::asio::awaitable<void> handle(std::span<const mq::Delivered> batch,
                                                std::span<HandlerResult> results,
                                                pool::TaskContext& context) = 0;

    // What runs shall end soon, of its own will; and at once, by force.
    virtual void ask_to_stop() {}
    virtual void kill() {}

    // The errno with which writing to stdout ended for good, else 0: time to stop.
    virtual int output_error() const noexcept { return 0; }
};

}  // namespace airy::work
