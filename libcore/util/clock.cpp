// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "util/clock.hpp"

namespace airy::util {
namespace {

class RealClock final : public Clock {
  public:
    SteadyTime steady() const noexcept override { return std::chrono::steady_clock::now(); }
    SystemTime now() const noexcept override {
        return std::chrono::time_point_cast<std::chrono::nanoseconds>(
            std::chrono::system_clock::now());
    }
};

}  // namespace

const Clock& system_clock() noexcept {
    static const RealClock clock;
    return clock;
}

}  // namespace airy::util
