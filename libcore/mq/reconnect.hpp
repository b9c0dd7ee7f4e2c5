// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <vector>

#include "mq/topology.hpp"

namespace airy::mq {

// Whether and how a publisher or a subscription reconnects when its connection is lost. The first
// connection is never retried: the user learns of a wrong address at once. Permanent refusals (403,
// 404, 406, 530; a certificate) are not retried either.
struct ReconnectPolicy {
    bool enabled = false;
    std::optional<std::uint64_t> max_attempts{};          // of one loss; none: no limit
    std::optional<std::chrono::milliseconds> max_time{};  // since the loss; none: no limit
    // The pauses double from the first to the longest; each is shortened at random by up to half.
    std::chrono::milliseconds first_delay{100};
    std::chrono::milliseconds longest_delay{5000};
};

// The connection is lost, or an attempt to reconnect has failed.
struct Interrupted {
    std::exception_ptr error;  // an airy::Error
    std::chrono::milliseconds retry_in{};
    std::uint64_t attempt = 0;  // the failed one; 0: the loss itself
    // Of a subscription: the part (DeliveryHandle::part) whose deliveries are void; 0: every part.
    std::uint64_t part = 0;
};
// A new connection is ready.
struct Restored {};

struct Binding {
    std::string queue;
    std::string exchange;
    std::string pattern;
};

// Things that a subscription needs besides its queue; declared in this order.
struct Declarations {
    std::vector<ExchangeSpec> exchanges;
    std::vector<QueueSpec> queues;
    std::vector<Binding> bindings;
};

}  // namespace airy::mq
