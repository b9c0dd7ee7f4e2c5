// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <utility>

namespace airy::work {

// Decides by the run times of handlers how many messages a consumer takes ahead of its free slots.
// A message taken ahead spares a slot the way to the broker, some milliseconds, and is out of reach
// of the queue's other consumers while the handlers before it run. Many spare the broker as well,
// which then delivers and hears of settlements in groups. Pure; one thread.
class ReadAhead {
  public:
    enum class Amount : std::uint8_t { none, some, many };

    static constexpr std::chrono::milliseconds quick_run{20};
    static constexpr std::chrono::milliseconds short_run{50};
    static constexpr std::chrono::milliseconds long_run{250};
    // Short runs without a longer one between them, before some messages are taken ahead; quick
    // ones, before many are.
    static constexpr unsigned enough = 20;
    static constexpr unsigned enough_quick = 100;

    // A handler has run for so long. Returns whether the decision changed.
    bool ended(std::chrono::nanoseconds run) noexcept {
        short_runs_ = run > short_run ? 0 : short_runs_ + 1;
        quick_runs_ = run > quick_run ? 0 : quick_runs_ + 1;
        if (run > long_run) return want(Amount::none);
        if (quick_runs_ >= enough_quick) return want(Amount::many);
        if (wanted_ == Amount::many) return run > short_run && want(Amount::some);
        return short_runs_ >= enough && want(Amount::some);
    }
    // A message goes back to its queue: held back first, it is in the place of one for a slot, and
    // then it comes before all others again. Taking some more reaches these. Returns whether the
    // decision changed.
    bool returned() noexcept { return wanted_ == Amount::none && want(Amount::some); }
    Amount wanted() const noexcept { return wanted_; }

  private:
    bool want(Amount amount) noexcept { return std::exchange(wanted_, amount) != amount; }

    Amount wanted_ = Amount::none;  // a first handler may run for minutes
    unsigned short_runs_ = 0;
    unsigned quick_runs_ = 0;
};

}  // namespace airy::work
