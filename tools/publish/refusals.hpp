// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>

#include "event/message.hpp"
#include "publish/ledger.hpp"
#include "util/clock.hpp"

namespace airy::tools::publish {

// How often and how long a refused event is sent again.
struct RefusalLimits {
    std::uint64_t most = 0;                          // times
    std::optional<std::chrono::nanoseconds> within;  // since it was first refused
};

// The events that the broker refused (basic.nack: a full queue, or a queue without a leader) and
// that wait to be sent again, in the order of their lines, after pauses that double from 0.1 s to 5
// s. Main thread.
class Refusals {
  public:
    struct Waiting {
        event::Message message;
        Submission about;
        util::SteadyTime due;
    };

    // `room`: the most events that should wait here.
    Refusals(const RefusalLimits& limits, std::size_t room, std::uint32_t seed)
        : limits_(limits), room_(room), random_(seed) {}

    // Counts the refusal of the event. False when it is not to be sent again: it reached a limit,
    // or an event of its topic did and none of that topic was confirmed since.
    bool counts(Submission& about, util::SteadyTime now);
    void add(event::Message message, Submission about, util::SteadyTime now);

    // Whether events of some topic are not sent again.
    bool has_given_up() const noexcept { return !given_up_.empty(); }
    // An event of this topic was confirmed.
    void confirmed(const std::string& topic);

    bool empty() const noexcept { return waiting_.empty(); }
    // No further event should be sent before one of these.
    bool full() const noexcept { return waiting_.size() >= room_; }

    // The first event, if its pause is over; remove_first once it is sent.
    Waiting* due(util::SteadyTime now);
    void remove_first() { waiting_.pop_front(); }
    std::deque<Waiting> take_all() { return std::exchange(waiting_, {}); }

    // Until the first pause is over.
    std::chrono::milliseconds left(util::SteadyTime now) const;

  private:
    const RefusalLimits limits_;
    const std::size_t room_;
    std::minstd_rand random_;
    std::deque<Waiting> waiting_;
    std::set<std::string> given_up_;  // topics
};

}  // namespace airy::tools::publish
