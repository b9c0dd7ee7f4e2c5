// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>

#include "util/clock.hpp"
#include "work/timers.hpp"

namespace airy::work {

// A condition variable for the coroutines of one loop. Loop thread only.
class Condition {
  public:
    Condition(boost::asio::io_context& loop, Timers& timers);

    // Wakes every coroutine that waits now.
    void notify() { notified_.cancel(); }

    // Waits for the next notify or until `time`; may also return without a cause.
    boost::asio::awaitable<void> wait_until(util::SteadyTime time);
    boost::asio::awaitable<void> wait() { return wait_until(util::SteadyTime::max()); }

  private:
    boost::asio::steady_timer notified_;  // never expires; cancelled to wake
    std::unique_ptr<Timer> alarm_;
    util::SteadyTime alarm_at_ = util::SteadyTime::max();  // of the first waiting coroutine
};

}  // namespace airy::work
