// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/backoff.hpp"

#include <algorithm>

namespace airy::mq::amqp {

using std::chrono::milliseconds;

std::optional<milliseconds> Backoff::next(bool nobody_listens, util::SteadyTime now) {
    if (policy_.max_attempts && attempts_ >= *policy_.max_attempts) return std::nullopt;
    milliseconds longest = delay_;
    if (nobody_listens) longest = std::min(longest, longest_unheard);
    std::uniform_int_distribution<milliseconds::rep> shortened((longest.count() + 1) / 2,
                                                               longest.count());
    milliseconds pause(shortened(random_));
    if (policy_.max_time) {
        const auto left = std::chrono::ceil<milliseconds>(lost_at_ + *policy_.max_time - now);
        if (left <= milliseconds(0)) return std::nullopt;
        pause = std::min(pause, left);
    }
    delay_ = std::min(delay_ * 2, policy_.longest_delay);
    ++attempts_;
    return pause;
}

}  // namespace airy::mq::amqp
