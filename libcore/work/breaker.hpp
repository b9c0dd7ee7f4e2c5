// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "util/clock.hpp"

namespace airy::work {

// A circuit breaker: after so many failures in a row nothing starts for a pause, then one message
// is tried. Its success closes the circuit; its failure begins a pause twice as long, up to a
// minute. Pure; one thread.
class Breaker {
  public:
    static constexpr std::chrono::seconds first_pause{5};
    static constexpr std::chrono::seconds longest_pause{60};

    // 0: never opens.
    explicit Breaker(unsigned failures_in_a_row) : limit_(failures_in_a_row) {}

    // True when this failure opened the circuit.
    bool failed(util::SteadyTime now) {
        if (limit_ == 0 || (++failures_ < limit_ && !probing_)) return false;
        if (open_ && !probing_) return false;  // what still ran when it opened
        pause_ = open_ ? std::min(pause_ * 2, longest_pause) : first_pause;
        open_ = true;
        probing_ = false;
        until_ = now + pause_;
        return true;
    }

    // True when this success closed it.
    bool succeeded() {
        failures_ = 0;
        const bool closed = open_ && probing_;
        if (closed) open_ = probing_ = false;
        return closed;
    }

    // The probe came to no verdict: another may be made.
    void undecided() { probing_ = false; }

    bool open() const noexcept { return open_; }
    std::chrono::seconds pause() const noexcept { return pause_; }

    // How many may start now: all, one or none. `now` must be told of a start by `started`.
    std::size_t allows(std::size_t wanted, util::SteadyTime now) const {
        if (!open_) return wanted;
        return probing_ || now < until_ ? 0 : std::min<std::size_t>(wanted, 1);
    }
    void started() { probing_ = open_; }
    // When to ask again; `max` where only an outcome changes anything.
    util::SteadyTime next(util::SteadyTime now) const {
        if (!open_) return now;
        return probing_ ? util::SteadyTime::max() : until_;
    }

    // Closed by an operator.
    void reset() { *this = Breaker(limit_); }

  private:
    unsigned limit_;
    unsigned failures_ = 0;
    bool open_ = false;
    bool probing_ = false;
    std::chrono::seconds pause_{0};
    util::SteadyTime until_{};
};

}  // namespace airy::work
