// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "mq/subscription.hpp"
#include "util/clock.hpp"

namespace airy::mq::amqp {

// Turns dispositions, which come in any order, into few basic.ack and basic.nack: one `multiple`
// for the tags settled without a gap, single ones in ascending order for the rest (the broker walks
// its list of unacknowledged messages for tags out of order). Pure; one thread.
class AckLedger {
  public:
    struct Command {
        std::uint64_t tag;
        bool multiple;
        Disposition disposition;
        bool operator==(const Command&) const = default;
    };

    // Settlements are gathered until a quarter of `prefetch` has come or `patience` has passed
    // since the first.
    AckLedger(std::uint16_t prefetch, std::chrono::milliseconds patience);
    void set_prefetch(std::uint16_t prefetch);

    // Tags are delivered as base, base + 1, base + 2… from 1 on (AMQP counts them per channel).
    void delivered(std::uint64_t tag);

    // A tag that is settled already, or was never delivered, changes nothing.
    void settle(std::uint64_t tag, Disposition disposition, util::SteadyTime now);

    // Whether it is time to flush; the time of the next flush, `max` when nothing is pending.
    bool due(util::SteadyTime now) const noexcept;
    util::SteadyTime due_at() const noexcept;

    // The deliveries from this tag on whose settlement was not sent, or that have none.
    std::size_t unsent_from(std::uint64_t tag) const noexcept;
    // The tag of the next delivery.
    std::uint64_t next_tag() const noexcept { return base_ + states_.size(); }

    // Everything settled since the last flush, to be sent in this order.
    std::vector<Command> flush();

  private:
    enum class State : std::uint8_t { unsettled, ack, requeue, dead_letter, sent };

    void flush_prefix(std::vector<Command>& out);
    void flush_beyond_gap(std::vector<Command>& out);

    std::size_t threshold_;
    std::chrono::milliseconds patience_;
    std::uint64_t base_ = 1;  // tag of states_.front()
    std::deque<State> states_;
    std::size_t pending_ = 0;  // settled, not sent
    util::SteadyTime first_pending_{};
};

}  // namespace airy::mq::amqp
