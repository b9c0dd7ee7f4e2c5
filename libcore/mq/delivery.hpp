// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

#include "event/message.hpp"
#include "util/clock.hpp"

namespace airy::mq {

// Names one delivery for its settlement. Only the broker that made a handle knows the meaning of
// its numbers; other code only compares them.
struct DeliveryHandle {
    // The group of deliveries that one loss voids: on AMQP those of one connection, elsewhere of
    // one assignment of a partition. `Interrupted` names a part.
    std::uint64_t part = 0;
    std::uint64_t number = 0;
    auto operator<=>(const DeliveryHandle&) const = default;
};

// How a message was first published.
struct Origin {
    std::string exchange;
    std::string topic;
};

// One message as a broker hands it over. Each broker stores a message's past in its own way
// (headers, a log, an offset's metadata); here it is typed.
struct Delivered {
    event::Message message;
    std::string queue;
    bool redelivered = false;
    util::SystemTime received_at;
    DeliveryHandle handle;
    unsigned attempts = 0;           // handlers that failed on the message before
    unsigned returns = 0;            // how often the message came back to its queue since then
    unsigned former_returns = 0;     // and before the last failure, as far as known
    std::optional<Origin> origin{};  // absent: as `message` says
    std::optional<util::SystemTime> first_failed_at{};

    // How often a handler may have seen the message, this time included.
    unsigned attempt() const noexcept { return attempts + former_returns + returns + 1; }
};

}  // namespace airy::mq
