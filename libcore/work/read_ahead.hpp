// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <utility>

namespace airy::work {

// Decides by the run times of handlers whether a consumer takes messages ahead of its free slots. A
// message taken ahead spares a slot the way to the broker, some milliseconds, and is out of reach
// of the queue's other consumers while the handlers before it run. Pure; one thread.
class ReadAhead {
  public:
    static constexpr std::chrono::milliseconds short_run{50};
    static constexpr std::chrono::milliseconds long_run{250};
    // Short runs without a longer one between them, before messages are taken ahead.
    static constexpr unsigned enough = 20;

    // A handler has run for so long. Returns whether the decision changed.
    bool ended(std::chrono::nanoseconds run) noexcept {
        if (run > short_run) short_runs_ = 0;
        if (run > long_run) return std::exchange(wanted_, false);
        if (run > short_run || wanted_) return false;
        wanted_ = ++short_runs_ >= enough;
        return wanted_;
    }
    // A message goes back to its queue: held back first, it is in the place of one for a slot, and
    // then it comes before all others again. Taking some more reaches these. Returns whether the
    // decision changed.
    bool returned() noexcept { return !std::exchange(wanted_, true); }
    bool wanted() const noexcept { return wanted_; }

  private:
    bool wanted_ = false;  // a first handler may run for minutes
    unsigned short_runs_ = 0;
};

}  // namespace airy::work
