// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>

#include "util/clock.hpp"

namespace airy::work {

// Calls its function on the loop when the clock reaches the set time.
class Timer {
  public:
    virtual ~Timer() = default;
    // Replaces the time that was set before. A past time is due at once.
    virtual void set(util::SteadyTime at) = 0;
    virtual void cancel() = 0;
};

// Makes timers that follow one clock, so that tests can move the time by hand
// (tests/support/manual_timers.hpp). Loop thread only, except `clock`.
class Timers {
  public:
    virtual ~Timers() = default;
    virtual const util::Clock& clock() const noexcept = 0;
    // The function is not called once the timer is destroyed, and may destroy it.
    virtual std::unique_ptr<Timer> make(std::function<void()> ring) = 0;
};

// Timers of a loop, by the real clock.
class LoopTimers final : public Timers {
  public:
    explicit LoopTimers(boost::asio::io_context& loop) : loop_(loop) {}

    const util::Clock& clock() const noexcept override { return util::system_clock(); }
    std::unique_ptr<Timer> make(std::function<void()> ring) override;

  private:
    boost::asio::io_context& loop_;
};

}  // namespace airy::work
