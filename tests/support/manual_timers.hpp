// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "tests/support/manual_clock.hpp"
#include "work/timers.hpp"

namespace airy::test {

// Timers that ring when a test moves the time. One thread; outlives its timers.
class ManualTimers final : public work::Timers {
  public:
    const util::Clock& clock() const noexcept override { return clock_; }
    util::SteadyTime now() const noexcept { return clock_.steady(); }

    std::unique_ptr<work::Timer> make(std::function<void()> ring) override {
        return std::make_unique<ManualTimer>(*this, std::move(ring));
    }

    // Moves the clock to the earliest timer, and rings it. False when no timer is set.
    bool advance_to_next() {
        const auto next = std::ranges::min_element(timers_, {}, &ManualTimer::at);
        if (next == timers_.end() || (*next)->at() == util::SteadyTime::max()) return false;
        if ((*next)->at() > now()) clock_.advance((*next)->at() - now());
        (*next)->ring();
        return true;
    }

    // Moves the clock by `by`, and rings the timers due on the way, in the order of their times.
    void advance(std::chrono::nanoseconds by) {
        const auto until = now() + by;
        while (std::ranges::any_of(timers_, [&](auto* timer) { return timer->at() <= until; }))
            advance_to_next();
        clock_.advance(until - now());
    }

  private:
    class ManualTimer final : public work::Timer {
      public:
        ManualTimer(ManualTimers& timers, std::function<void()> ring)
            : timers_(timers), ring_(std::move(ring)) {
            timers_.timers_.push_back(this);
        }
        ~ManualTimer() override { std::erase(timers_.timers_, this); }
        void set(util::SteadyTime at) override { at_ = at; }
        void cancel() override { at_ = util::SteadyTime::max(); }

        util::SteadyTime at() const { return at_; }
        void ring() {
            cancel();
            const auto ring = ring_;  // a copy: the call may destroy this timer
            ring();
        }

      private:
        ManualTimers& timers_;
        std::function<void()> ring_;
        util::SteadyTime at_ = util::SteadyTime::max();
    };

    ManualClock clock_;
    std::vector<ManualTimer*> timers_;
};

}  // namespace airy::test
