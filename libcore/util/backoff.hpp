// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>

namespace airy::util {

// Exponential backoff: delays that double from the first to the longest. Pure; any thread.
template <typename Duration>
struct Backoff {
    Duration first;
    Duration longest;

    // The delay after `doublings` doublings; 0 gives the first delay.
    constexpr Duration delay(std::uint64_t doublings) const noexcept {
        auto delay = std::min(first, longest);
        // A delay of zero never grows.
        for (; doublings > 0 && delay < longest && delay > Duration(0); --doublings)
            delay = delay > longest / 2 ? longest : delay * 2;
        return delay;
    }
};
// Clang 16 does not derive this deduction guide from an aggregate.
template <typename Duration>
Backoff(Duration, Duration) -> Backoff<Duration>;

// At random between half the delay, rounded up, and the whole of it, so that many clients that
// failed together do not come back together.
template <typename Duration, typename Random>
Duration shortened(Duration delay, Random& random) {
    using Count = typename Duration::rep;
    std::uniform_int_distribution<Count> counts((delay.count() + 1) / 2, delay.count());
    return Duration(counts(random));
}

}  // namespace airy::util
