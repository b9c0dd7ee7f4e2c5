// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/suspects.hpp"

#include <algorithm>

namespace airy::mq::amqp {
namespace {

// Endings with one message alone on the way that make it the cause. A network that fails may hit
// the same message a few times.
int needed_alone(Ending ending) noexcept {
    switch (ending) {
        case Ending::channel:
            return 1;
        case Ending::connection:
            return 2;
        default:
            return 5;
    }
}

}  // namespace

bool Suspects::ended(Ending ending, std::uint64_t oldest, std::uint64_t newest) noexcept {
    if (ending == Ending::unrelated) return false;
    if (oldest != oldest_) {
        oldest_ = oldest;
        endings_ = 0;
        endings_alone_ = 0;
    }
    ++endings_;
    if (oldest == newest) {
        if (++endings_alone_ >= needed_alone(ending)) return true;
    } else if (ending != Ending::channel && endings_ < 2) {
        return false;
    }
    last_alone_ = std::max(last_alone_, newest);
    return false;
}

}  // namespace airy::mq::amqp
