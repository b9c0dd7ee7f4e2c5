// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

#include "util/clock.hpp"

namespace airy::util {

// At most `per_second` starts a second, evenly: unused starts are saved up for a tenth of a second.
// Pure; one thread.
class RateLimit {
  public:
    explicit RateLimit(double per_second)
        : interval_(1.0 / per_second), burst_(std::max(1.0, per_second / 10)) {}

    // Returns how many of `wanted` may start now, and counts them as started.
    std::size_t take(std::size_t wanted, SteadyTime now) {
        refill(now);
        const auto granted = std::min(wanted, static_cast<std::size_t>(tokens_));
        tokens_ -= static_cast<double>(granted);
        return granted;
    }

    // The time of the next start.
    SteadyTime next(SteadyTime now) {
        refill(now);
        if (tokens_ >= 1) return now;
        return now + std::chrono::ceil<std::chrono::nanoseconds>((1 - tokens_) * interval_);
    }

  private:
    void refill(SteadyTime now) {
        if (refilled_ != SteadyTime{})
            tokens_ = std::min(burst_, tokens_ + (now - refilled_) / interval_);
        refilled_ = now;
    }

    const std::chrono::duration<double> interval_;
    const double burst_;
    double tokens_ = 1;
    SteadyTime refilled_{};
};

}  // namespace airy::util
