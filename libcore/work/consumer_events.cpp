// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// What a consumer's subscription tells it: deliveries, and what becomes of the connection.
#include <fmt/core.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <utility>

#include "util/log.hpp"
#include "work/consumer.hpp"
#include "work/letter.hpp"

namespace airy::work {
namespace asio = boost::asio;
using asio::posix::stream_descriptor;
using boost::system::error_code;
asio::awaitable<void> Consumer::watch_subscription() {
    while (!lost_) {
        error_code ended;
        co_await events_.async_wait(stream_descriptor::wait_read,
                                    asio::redirect_error(asio::use_awaitable, ended));
        if (ended || finished_) co_return;
        for (auto& event : subscription_.take())
            accept(std::move(event));
        changed();
    }
}

void Consumer::accept(mq::SubscriptionEvent event) {
    if (auto* delivered = std::get_if<mq::Delivered>(&event)) {
        take(std::move(*delivered));
    } else if (const auto* cancelled = std::get_if<mq::Cancelled>(&event)) {
        fail(Error(Reason::queue_deleted, cancelled->reason));
    } else if (const auto* loss = std::get_if<mq::Interrupted>(&event)) {
        interrupted(*loss);
    } else if (std::holds_alternative<mq::Restored>(event)) {
        restored();
    } else {
        lost_ = true;
        try {
            std::rethrow_exception(std::get<mq::Lost>(event).error);
        } catch (const Error& error) {
            fail(error);
        } catch (const std::exception& error) {
            fail(Error(ErrorKind::unreachable, error.what()));
        }
    }
}

void Consumer::take(mq::Delivered delivered) {
    ++in_flight_;
    ++arrivals_;
    seen_generation_ = delivered.handle.part;
    if (stopping_) {
        settle(delivered.handle, mq::Disposition::requeue);
        ++result_.not_handled;
        return;
    }
    restore(delivered.message, delivered.queue);
    waiting_.push_back({std::move(delivered), util::steady_now()});
    count_waiting();
}

// What waits is thrown away, since it comes again; what runs is let run.
void Consumer::interrupted(const mq::Interrupted& event) {
    const bool first = std::exchange(connected_, false);
    lost_generation_ = seen_generation_;
    in_flight_ -= waiting_.size() + held_.size();
    waiting_.clear();
    count_waiting();
    held_.clear();
    refresh_state();
    const auto level = first ? util::LogLevel::warn : util::LogLevel::info;
    util::log(level, "not connected, trying again",
              {{"reason", pool::describe(event.error)},
               {"attempt", event.attempt + 1},
               {"in_ms", event.retry_in.count()}});
}

void Consumer::restored() {
    connected_ = true;
    ++reconnects_;
    refresh_state();
    util::log_warn("connected again", {{"reconnects", reconnects_.load()}});
}

// Settling it would be for nothing: it belongs to a connection that is lost.
bool Consumer::gone(mq::DeliveryHandle tag) const {
    return lost_ || tag.part <= lost_generation_;
}

void Consumer::refresh_state() {
    if (stopping_)
        state_ = ConsumerState::draining;
    else if (!connected_)
        state_ = ConsumerState::reconnecting;
    else if (paused_)
        state_ = ConsumerState::paused;
    else
        state_ = breaker_.open() ? ConsumerState::tripped : ConsumerState::running;
}

}  // namespace airy::work
