// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <random>

#include "mq/reconnect.hpp"
#include "util/clock.hpp"

namespace airy::mq::amqp {

// The pauses between attempts to connect again after one loss. Pure; one thread.
class ReconnectPauses {
  public:
    // The longest pause while no program listens at the address: a refused connection is cheap, and
    // a broker that is back should be noticed at once.
    static constexpr std::chrono::milliseconds longest_unheard{500};

    ReconnectPauses(const ReconnectPolicy& policy, util::SteadyTime lost_at, std::uint32_t seed)
        : policy_(policy), lost_at_(lost_at), random_(seed) {}

    // The pause before the next attempt; nullopt when the policy allows no further attempt.
    std::optional<std::chrono::milliseconds> next(bool nobody_listens, util::SteadyTime now);

    // The number of attempts that `next` has allowed.
    std::uint64_t attempts() const noexcept { return attempts_; }

  private:
    const ReconnectPolicy policy_;
    const util::SteadyTime lost_at_;
    std::minstd_rand random_;
    std::uint64_t attempts_ = 0;
};

}  // namespace airy::mq::amqp
