// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "mq/delivery.hpp"

namespace airy::mq {

// What was done to the queue that was looked into.
struct Look {
    std::uint64_t seen = 0;
    std::uint64_t left = 0;          // ready at the start, and not seen
    std::uint64_t marked = 0;        // at most so many count as redelivered now
    std::uint64_t most_returns = 0;  // highest x-delivery-count seen: what comes back counts
    // Did not come back, since the queue's delivery limit forbids; where nobody else takes any.
    std::uint64_t missing = 0;
    std::optional<int> signal{};  // ended it
};

// What becomes of a message that is moved to another queue.
enum class TransferAs : std::uint8_t {
    is,    // unchanged, but for what would lead it astray
    work,  // a dead letter becomes the message that it was; its attempts begin anew
};

struct Transfer {
    std::string from;
    std::string to;                // by the default exchange; must be there
    std::uint64_t limit = 0;       // most that are moved; 0: all
    std::optional<double> rate{};  // a second
    // Whether this one is moved; none: each. Others stay, and count as looked at.
    std::function<bool(const Delivered&)> wanted{};
    TransferAs as = TransferAs::is;
};

struct Transferred {
    std::uint64_t moved = 0;
    std::uint64_t passed_over = 0;
    std::uint64_t missing = 0;    // of these, as in Look
    std::optional<int> signal{};  // ended it
};

}  // namespace airy::mq
