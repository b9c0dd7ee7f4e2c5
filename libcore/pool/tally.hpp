// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>

#include "pool/histogram.hpp"
#include "pool/metrics.hpp"
#include "pool/outcome.hpp"

namespace airy::pool {

// A pool's counts and times since it was made. Written under the pool's lock; the times may be read
// without it.
class Tally {
  public:
    void note_submission() noexcept { ++submitted_; }
    void note_start(std::chrono::nanoseconds waited) noexcept { wait_.record(waited); }
    void note_end(OutcomeKind kind, std::chrono::nanoseconds ran) noexcept {
        count(kind);
        run_.record(ran);
    }
    // Of a task that did not run.
    void count(OutcomeKind kind) noexcept { ++totals_[static_cast<std::size_t>(kind)]; }

    void copy_counts(Metrics& to) const noexcept {
        to.submitted = submitted_;
        to.totals = totals_;
    }
    void copy_times(Metrics& to) const {  // without the lock
        to.wait = wait_.snapshot();
        to.run = run_.snapshot();
    }

  private:
    std::uint64_t submitted_ = 0;
    std::array<std::uint64_t, outcome_kinds> totals_{};
    Recorder wait_;
    Recorder run_;
};

}  // namespace airy::pool
