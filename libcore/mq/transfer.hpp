// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "mq/delivery.hpp"

namespace airy::mq {

// The result of look_into, and its effect on the queue.
struct Look {
    std::uint64_t seen = 0;
    std::uint64_t left = 0;          // ready at the start and not seen
    std::uint64_t marked = 0;        // at most so many are now marked as redelivered
    std::uint64_t most_returns = 0;  // highest x-delivery-count seen: each return counts
    // Messages that the queue's delivery limit kept from coming back; exact when no other consumer
    // takes any.
    std::uint64_t missing = 0;
    // How often a message of the queue may come back; nullopt: no limit, or none that is known.
    std::optional<std::uint64_t> return_limit{};
    bool limit_guessed = false;  // it could not be found out: the least that may be
    // Messages whose return would have been one too many: the queue has copies of them at its end.
    std::uint64_t copied = 0;
    // The look ended before such a message, which it did not show.
    bool last_return = false;
    std::optional<int> signal{};  // ended it
};

// The form of a message that is moved to another queue.
enum class TransferAs : std::uint8_t {
    is,    // unchanged, but for fields that would misroute it
    work,  // a dead letter becomes its original message; attempts begin anew
};

struct Transfer {
    std::string from;
    std::string to;                // a queue, by the default exchange; must be there
    std::uint64_t limit = 0;       // most messages to move; 0: all
    std::optional<double> rate{};  // messages a second
    // Whether a message is moved; none: each is. Others stay, and count as looked at.
    std::function<bool(const Delivered&)> wanted{};
    TransferAs as = TransferAs::is;
};

struct Transferred {
    std::uint64_t moved = 0;
    std::uint64_t passed_over = 0;
    // Messages that the protocol cannot hold once they name their queue, such as for the size of
    // their headers; they stay in `from`.
    std::uint64_t unmovable = 0;
    std::string why{};            // of the first unmovable one
    std::uint64_t missing = 0;    // of the others, as in Look
    std::uint64_t copied = 0;     // of the others, as in Look
    std::optional<int> signal{};  // ended it
};

}  // namespace airy::mq
