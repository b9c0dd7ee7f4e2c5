// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "util/backoff.hpp"
#include "util/clock.hpp"

namespace airy::work {

// A circuit breaker: after so many failures in a row nothing starts for a pause; then one message
// is tried, the probe. Its success closes the circuit; its failure begins a pause twice as long, up
// to a minute. Results of earlier starts do not change an open circuit.
//
// A service that is not there opens it at once, for a short pause; any verdict of the probe closes
// it. Pure; one thread.
class Breaker {
  public:
    using Probe = std::uint64_t;  // 0: none

    static constexpr std::chrono::seconds first_pause{5};
    static constexpr std::chrono::seconds longest_pause{60};
    static constexpr std::chrono::seconds first_absence{1};
    static constexpr std::chrono::seconds longest_absence{10};

    // 0: never opens.
    explicit Breaker(unsigned failures_in_a_row) : limit_(failures_in_a_row) {}

    // True when this failure opened the circuit, or kept it open.
    bool failed(Probe probe, util::SteadyTime now) {
        if (limit_ == 0 || (open_ && !is_open_probe(probe))) return false;
        if (++failures_ < limit_ && !open_) return false;
        open_for({first_pause, longest_pause}, now);
        return true;
    }

    // The service is not there. True when this opened the circuit, or kept it open.
    bool absent(Probe probe, util::SteadyTime now) {
        if (open_ && !is_open_probe(probe)) return false;
        open_for({first_absence, longest_absence}, now);
        absent_ = true;
        return true;
    }
    // A verdict has come, which proves that the service is there. True when this closed the
    // circuit.
    bool present(Probe probe) {
        if (!absent_ || !is_open_probe(probe)) return false;
        reset();
        return true;
    }

    // True when this success closed it.
    bool succeeded(Probe probe) {
        if (open_ && !is_open_probe(probe)) return false;
        failures_ = 0;
        probe_ = 0;
        absent_ = false;
        return std::exchange(open_, false);
    }

    // The message got no verdict: if it was the probe, another message may be the probe.
    void undecided(Probe probe) {
        if (is_open_probe(probe)) probe_ = 0;
    }

    bool open() const noexcept { return open_; }
    // Open since the service is not there.
    bool waits_for_service() const noexcept { return absent_; }
    std::chrono::seconds pause() const noexcept { return pause_; }

    // The number of messages that may start now: all, one or none. Call `started` for each start.
    std::size_t allows(std::size_t wanted, util::SteadyTime now) const {
        if (!open_) return wanted;
        return probe_ != 0 || now < until_ ? 0 : std::min<std::size_t>(wanted, 1);
    }
    // Records a start. The number goes to `succeeded`, `failed` or `undecided` at its end.
    Probe started() { return probe_ = open_ ? ++last_probe_ : 0; }
    // Whether a message that was allowed and has waited since may still start.
    bool lets_start(Probe probe) const { return !open_ || is_open_probe(probe); }
    // When to ask again; `max`: only an outcome changes the answer.
    util::SteadyTime next(util::SteadyTime now) const {
        if (!open_) return now;
        return probe_ != 0 ? util::SteadyTime::max() : until_;
    }

    // Closed by an operator.
    void reset() {
        failures_ = 0;
        open_ = false;
        absent_ = false;
        probe_ = 0;
    }

  private:
    void open_for(util::Backoff<std::chrono::seconds> pauses, util::SteadyTime now) {
        doublings_ = open_ ? doublings_ + 1 : 0;
        pause_ = pauses.delay(doublings_);
        open_ = true;
        probe_ = 0;
        until_ = now + pause_;
    }
    bool is_open_probe(Probe probe) const { return open_ && probe != 0 && probe == probe_; }

    unsigned limit_;
    unsigned failures_ = 0;
    bool open_ = false;
    bool absent_ = false;  // open since the service is not there
    Probe probe_ = 0;      // runs now
    Probe last_probe_ = 0;
    std::uint64_t doublings_ = 0;  // of the pause since the circuit opened
    std::chrono::seconds pause_{0};
    util::SteadyTime until_{};
};

}  // namespace airy::work
