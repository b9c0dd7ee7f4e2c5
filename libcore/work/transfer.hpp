// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "mq/broker.hpp"
#include "util/signals.hpp"

// Looking into queues, and moving what is in them. On the caller's thread; throw Error{not_found}
// for a queue that is not there, Error{unreachable} when the connection is lost, Error{timeout} for
// one that has messages and gives none.
namespace airy::work {

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

// Calls `see` with each message that is ready now, in order, at most `limit` (0: all), until it
// returns false; then gives them all back. They keep their places, but are marked as redelivered,
// and a quorum queue counts the return. Where such a queue has messages that came back before, more
// than `limit` may be taken and given back: it puts what comes back behind those.
Look look_into(mq::Broker& broker, const std::string& queue, std::uint64_t limit,
               const std::function<bool(const mq::Delivered&)>& see, util::SignalFd& signals);

struct Transfer {
    std::string from;
    std::string to;                // by the default exchange; must be there
    std::uint64_t limit = 0;       // most that are moved; 0: all
    std::optional<double> rate{};  // a second
    // Whether this one is moved; none: each. Others stay, and count as looked at.
    std::function<bool(const mq::Delivered&)> wanted{};
    // What is published instead of the message itself; its topic is `to`.
    std::function<event::Message(const event::Message&)> copy;
};

struct Transferred {
    std::uint64_t moved = 0;
    std::uint64_t passed_over = 0;
    std::uint64_t missing = 0;    // of these, as in Look
    std::optional<int> signal{};  // ended it
};

// Moves what is ready now, in order: each message is confirmed in `to` before it leaves `from`, and
// without `wanted` before the next one is taken, so that whatever ends it, none is lost and at most
// one is in both. Throws Error{undelivered} when `to` does not take one; that one stays.
Transferred transfer(mq::Broker& broker, const Transfer& what, util::SignalFd& signals);

}  // namespace airy::work
