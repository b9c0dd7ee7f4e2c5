// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <mutex>
#include <string>
#include <vector>

#include "mq/subscription.hpp"
#include "util/clock.hpp"
#include "work/status.hpp"

namespace airy::work {

// Counts events by the second of the last minute. Not thread-safe.
class RateMeter {
  public:
    explicit RateMeter(util::SteadyTime start) : start_(second_of(start)) {}

    void add(util::SteadyTime now, std::uint64_t n = 1);
    // A second, over the last 1, 10 and 60 whole seconds, or as many as there have been.
    Rates rates(util::SteadyTime now) const;

  private:
    static std::int64_t second_of(util::SteadyTime time);
    double rate(std::int64_t now, std::int64_t seconds) const;

    struct Slot {
        std::int64_t second = -1;
        std::uint64_t count = 0;
    };
    std::int64_t start_;
    std::array<Slot, 64> slots_{};
};

// What a consumer is doing: what runs and since when, the last failures, and the pace. Written by
// the loop thread, read by any.
class Activity {
  public:
    struct Begun {
        RunningTask task;
        util::SteadyTime at;
    };
    using Key = std::list<Begun>::iterator;

    explicit Activity(util::SteadyTime start) : handled_(start), failed_(start) {}

    // A handler has begun with `count` messages, of which this is the first.
    Key begin(const mq::Delivered& first, std::size_t count, util::SteadyTime now);
    void end(Key key);

    void handled(util::SteadyTime now);
    void failed(const mq::Delivered& delivered, const std::string& reason, util::SteadyTime now);

    // Fills in running, failures and the rates.
    void tell(ConsumerStatus& status, util::SteadyTime now) const;

  private:
    mutable std::mutex mutex_;  // guards all below
    std::list<Begun> running_;  // oldest first
    std::deque<RecentFailure> failures_;
    RateMeter handled_;
    RateMeter failed_;
};

}  // namespace airy::work
