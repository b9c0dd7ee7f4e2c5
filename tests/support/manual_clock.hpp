// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>

#include "util/clock.hpp"

namespace airy::test {

// A clock that moves only when the test moves it. Any thread.
class ManualClock final : public util::Clock {
  public:
    util::SteadyTime steady() const noexcept override {
        return util::SteadyTime(std::chrono::nanoseconds(now_.load()));
    }
    util::SystemTime now() const noexcept override {
        return util::SystemTime(std::chrono::nanoseconds(now_.load()));
    }
    void advance(std::chrono::nanoseconds by) noexcept { now_ += by.count(); }

  private:
    // Not 0, so that a time before the start differs from no time.
    std::atomic<std::int64_t> now_{std::chrono::nanoseconds(std::chrono::hours(1)).count()};
};

}  // namespace airy::test
