// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "pool/histogram.hpp"
#include "pool/outcome.hpp"

namespace airy::pool {

// A pool's counts at one moment, and its times since it was made. A plain value.
struct Metrics {
    std::size_t cap = 0;  // slots
    // Tasks of both lanes that hold a slot; may exceed cap after a resize.
    std::size_t running = 0;
    std::size_t free = 0;          // cap - running, never below 0
    std::size_t waiting = 0;       // submitters that wait for a slot
    std::size_t queued = 0;        // accepted tasks that wait for their key, and then for a slot
    std::size_t overrun = 0;       // running tasks past their deadline
    std::size_t threads_live = 0;  // threads of the thread lane; the timekeeper is not counted
    std::size_t threads_idle = 0;  // those of them that are parked
    bool released = false;

    std::uint64_t submitted = 0;  // submissions, accepted and refused
    // Ended tasks by outcome. Refused submissions count as rejected, so that submitted = the sum of
    // these + running + queued + waiting.
    std::array<std::uint64_t, outcome_kinds> totals{};
    std::uint64_t total(OutcomeKind kind) const noexcept {
        return totals[static_cast<std::size_t>(kind)];
    }

    Histogram wait;  // started tasks: from the call of submit to the start
    Histogram run;   // ended tasks: from the start to the end
};

}  // namespace airy::pool
