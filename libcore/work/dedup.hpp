// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <string>
#include <unordered_set>

#include "util/clock.hpp"

namespace airy::work {

// The ids of messages that were handled successfully within the last `window`; at most `limit` of
// them, the oldest are forgotten first. Pure; one thread.
class Dedup {
  public:
    explicit Dedup(std::chrono::nanoseconds window, std::size_t limit = 1'000'000)
        : window_(window), limit_(limit) {}

    // Call it after success, never before: a failed message must come again.
    void handled(const std::string& id, util::SteadyTime now);

    bool knows(const std::string& id, util::SteadyTime now);

  private:
    struct Entry {
        util::SteadyTime until;
        const std::string* id;  // in ids_, where it stays in its place
    };
    void forget_old(util::SteadyTime now);

    const std::chrono::nanoseconds window_;
    const std::size_t limit_;
    std::unordered_set<std::string> ids_;
    std::deque<Entry> order_;
};

}  // namespace airy::work
