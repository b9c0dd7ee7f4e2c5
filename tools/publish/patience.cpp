// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "publish/patience.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <variant>

namespace airy::tools::publish {

int milliseconds_until(util::SteadyTime then) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(then - util::steady_now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1'000'000'000));
}

std::string seconds(std::chrono::nanoseconds duration) {
    return fmt::format("{} s", std::chrono::duration<double>(duration).count());
}

const char* alarm_hint(bool blocked) {
    return blocked ? "airy check broker tells the alarm; --confirm-timeout waits longer for its end"
                   : "is it blocked? airy check broker tells";
}

void Patience::take(const mq::PublisherEvent& event) {
    restart();
    if (std::holds_alternative<mq::Blocked>(event)) blocked_ = true;
    if (std::holds_alternative<mq::Unblocked>(event)) blocked_ = false;
    if (std::holds_alternative<mq::Interrupted>(event)) connected_ = false;
    if (std::holds_alternative<mq::Restored>(event)) connected_ = true;
}

bool Patience::over() {
    if (!runs() || util::steady_now() - since_ <= limit_) return false;
    if (!upload_.goes_on()) return true;
    restart();
    return false;
}

int Patience::left() const {
    if (!runs()) return -1;
    return milliseconds_until(since_ +
                              std::chrono::duration_cast<util::SteadyTime::duration>(limit_));
}

}  // namespace airy::tools::publish
