// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "mq/subscription.hpp"
#include "util/clock.hpp"

namespace airy::mq::embedded {

// Keeps account of the messages that one subscription has taken, from the lease until the file has
// stored the settlement. A message is `open` until it is settled, then `pending` until stored().
// Pure; one thread.
class LeaseBook {
  public:
    // How a message that is not acknowledged leaves the subscription.
    enum class Way : std::uint8_t {
        requeue,
        reject,
        set_aside,  // the message is damaged, and no consumer was given it
    };
    struct Departure {
        std::int64_t key;
        Way way;
        bool operator==(const Departure&) const = default;
    };
    // Acknowledged messages whose keys follow each other without a gap.
    struct Run {
        std::int64_t first;
        std::int64_t last;
        bool operator==(const Run&) const = default;
    };
    struct Settlements {
        std::vector<Departure> departures;  // in the order in which they were settled
        std::vector<Run> acknowledged;      // ascending
        std::vector<std::int64_t> ended;    // leases without an open message, by their first keys
    };

    // The book ignores deliveries of other parts than its own. Settlements are gathered until a
    // quarter of `prefetch` is pending or `patience` has passed since the first.
    LeaseBook(std::uint64_t part, std::uint16_t prefetch, std::chrono::milliseconds patience);
    void set_prefetch(std::uint16_t prefetch);

    // The subscription has taken the message with this key; `lease` is the first key of its lease,
    // or 0 for a message that is held on its own. Deliveries are numbered from 1 on.
    DeliveryHandle take(std::int64_t key, std::int64_t lease);

    // A second settlement, or one of a message that was never taken, changes nothing.
    void settle(DeliveryHandle delivery, Disposition disposition, util::SteadyTime now);
    void set_aside(DeliveryHandle delivery, util::SteadyTime now);

    // Whether it is time to store the pending settlements, and when it will be. `max` when none is
    // pending.
    bool due(util::SteadyTime now) const noexcept;
    util::SteadyTime due_at() const noexcept;

    // The pending settlements. They stay pending until stored(): a change that fails is done again.
    Settlements pending() const;
    // Forgets the pending settlements, which the file has stored. The caller settles nothing
    // between pending() and stored().
    void stored();

    // How many messages may be taken now; the largest number where there is no limit.
    std::size_t room() const noexcept;
    std::size_t open() const noexcept { return taken_.size() - pending_.size(); }

  private:
    enum class State : std::uint8_t { open, ack, requeue, reject, set_aside };
    struct Taken {
        std::int64_t key;
        std::int64_t lease;
        State state;
    };

    void end(DeliveryHandle delivery, State state, util::SteadyTime now);

    const std::uint64_t part_;
    const std::chrono::milliseconds patience_;
    std::size_t prefetch_ = 0;
    std::uint64_t last_number_ = 0;
    std::map<std::uint64_t, Taken> taken_;        // by number of the delivery
    std::map<std::int64_t, std::size_t> leases_;  // open messages by the first key of their lease
    std::vector<std::uint64_t> pending_;          // numbers, in the order of settlement
    util::SteadyTime first_pending_{};
};

}  // namespace airy::mq::embedded
