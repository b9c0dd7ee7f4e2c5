// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>

namespace airy::util {

using SteadyTime = std::chrono::steady_clock::time_point;
using SystemTime = std::chrono::sys_time<std::chrono::nanoseconds>;

// The clock for durations where no test moves the time.
inline SteadyTime steady_now() noexcept {
    return std::chrono::steady_clock::now();
}

// The source of the time, which tests can move by hand (tests/support/manual_clock.hpp). All calls
// may come from any thread.
class Clock {
  public:
    virtual ~Clock() = default;
    virtual SteadyTime steady() const noexcept = 0;
    virtual SystemTime now() const noexcept = 0;
};

// The real clock; lives for the whole program.
const Clock& system_clock() noexcept;

}  // namespace airy::util
