// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/condition.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace airy::work {
namespace asio = boost::asio;

Condition::Condition(asio::io_context& loop, Timers& timers)
    : notified_(loop, asio::steady_timer::time_point::max()), alarm_(timers.make([this] {
          alarm_at_ = util::SteadyTime::max();
          notify();
      })) {}

asio::awaitable<void> Condition::wait_until(util::SteadyTime time) {
    if (time < alarm_at_) {
        alarm_at_ = time;
        alarm_->set(time);
    }
    boost::system::error_code ignored;
    co_await notified_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

}  // namespace airy::work
