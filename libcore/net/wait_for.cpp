// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "net/wait_for.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>

namespace airy::net {

void wait_for(std::span<pollfd> descriptors, util::SteadyTime until) {
    for (;;) {
        const auto left = std::clamp<std::chrono::milliseconds>(
            std::chrono::ceil<std::chrono::milliseconds>(until - util::steady_now()),
            std::chrono::milliseconds(0), std::chrono::hours(24));
        const int ready =
            ::poll(descriptors.data(), descriptors.size(), static_cast<int>(left.count()));
        if (ready >= 0 || errno != EINTR) return;
    }
}

}  // namespace airy::net
