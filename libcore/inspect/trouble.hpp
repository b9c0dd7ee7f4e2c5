// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "inspect/control_client.hpp"
#include "mq/inventory.hpp"

namespace airy::inspect {

// The trouble that makes a consumer lag, and its cause, as far as one status shows.
struct Trouble {
    enum class Kind {
        silent,   // the consumer does not answer
        hung,     // no handler more can start and none of those that run ends
        failing,  // at least a tenth of what its handlers did failed
        slow,     // every slot is taken by handlers that take their time, and messages wait
    };
    Kind kind = Kind::slow;
    std::string why;  // begins with the kind, as `hung: …`; may hold any bytes of a failure's text
};

// The worst trouble that the status shows; nullopt: none. `queues` may hold the consumer's queue: a
// consumer with a free slot that takes no more lags only where messages are ready in its queue.
std::optional<Trouble> trouble(const Consumer& consumer,
                               const std::vector<mq::QueueReport>& queues = {});

}  // namespace airy::inspect
