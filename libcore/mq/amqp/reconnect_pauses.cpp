// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/reconnect_pauses.hpp"

#include <algorithm>

#include "util/backoff.hpp"

namespace airy::mq::amqp {

using std::chrono::milliseconds;

std::optional<milliseconds> ReconnectPauses::next(bool nobody_listens, util::SteadyTime now) {
    if (policy_.max_attempts && attempts_ >= *policy_.max_attempts) return std::nullopt;
    const util::Backoff backoff{policy_.first_delay, policy_.longest_delay};
    auto longest = backoff.delay(attempts_);
    if (nobody_listens) longest = std::min(longest, longest_unheard);
    auto pause = util::shortened(longest, random_);
    if (policy_.max_time) {
        const auto left = std::chrono::ceil<milliseconds>(lost_at_ + *policy_.max_time - now);
        if (left <= milliseconds(0)) return std::nullopt;
        pause = std::min(pause, left);
    }
    ++attempts_;
    return pause;
}

}  // namespace airy::mq::amqp
