// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "inspect/control_client.hpp"
#include "mq/inventory.hpp"

namespace airy::inspect {

// What keeps a consumer from keeping up, and why, as far as it can be told from one look at it.
struct Trouble {
    enum class Kind {
        silent,   // it does not answer at all
        hung,     // no handler more can start and none of those that run ends
        failing,  // at least a tenth of what its handlers did failed
        slow,     // every slot is taken by handlers that take their time, and messages wait
    };
    Kind kind = Kind::slow;
    std::string why;  // begins with the kind, as `hung: …`; may hold any bytes of a failure's text
};

// nullopt: nothing can be seen. The worst of what holds. `queues` may hold the consumer's: one that
// has a slot free but takes no more only lags where messages are ready for it.
std::optional<Trouble> trouble(const Consumer& consumer,
                               const std::vector<mq::QueueReport>& queues = {});

}  // namespace airy::inspect
