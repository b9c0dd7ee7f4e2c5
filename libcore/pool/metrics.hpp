// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "pool/histogram.hpp"
#include "pool/outcome.hpp"

namespace airy::pool {

// The pool at one moment. A plain value.
struct Metrics {
    std::size_t cap = 0;
    std::size_t running =
        0;                 // tasks that hold a slot, in both lanes; may exceed cap after a resize
    std::size_t free = 0;  // cap - running, never below 0
    std::size_t waiting = 0;  // submitters waiting for a slot
    std::size_t queued = 0;   // accepted tasks that wait for their key or, after that, for a slot
    std::size_t overrun = 0;  // running tasks past their deadline
    std::size_t threads_live = 0;  // of the thread lane; the timekeeper is not counted
    std::size_t threads_idle = 0;
    bool released = false;

    std::uint64_t submitted = 0;  // accepted and refused
    // By outcome. Refused submissions count as rejected: submitted = sum + running + queued +
    // waiting.
    std::array<std::uint64_t, outcome_kinds> totals{};
    std::uint64_t total(OutcomeKind kind) const noexcept {
        return totals[static_cast<std::size_t>(kind)];
    }

    Histogram wait;  // from submit to start, of started tasks
    Histogram run;   // from start to end, of ended tasks
};

}  // namespace airy::pool
