// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// When and how a consumer comes to its end.
#include <poll.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "util/log.hpp"
#include "util/service_manager.hpp"
#include "work/consumer.hpp"

namespace airy::work {
namespace asio = boost::asio;
using std::chrono::milliseconds;
namespace {

// After kill: how long to wait until what was killed is reaped.
constexpr milliseconds kill_grace{2000};

}  // namespace

void Consumer::stop(StopReason reason) {
    if (stopping_) return;
    stopping_ = true;
    result_.reason = reason;
    refresh_state();
    util::notify_service_manager("STOPPING=1");
    if (!lost_) subscription_.stop();
    give_back_next_in_line();
    result_.not_handled += waiting_.size();
    for (const auto& waiting : waiting_)
        settle(waiting.delivered.handle, mq::Disposition::requeue);
    waiting_.clear();
    count_waiting();
    release_held(util::SteadyTime::max());
}

void Consumer::fail(Error error) {
    if (!result_.error) result_.error = std::move(error);
    stop(StopReason::failed);
    changed();
}

// The pool first, then the connection: what runs is let finish, then asked to stop.
asio::awaitable<void> Consumer::finish_running() {
    const auto deadline = util::steady_now() + options_.drain;
    while (active_ + letters_ > 0 && !at_once_ && util::steady_now() < deadline)
        co_await until_changed(deadline);
    if (active_ == 0) co_return;
    if (!at_once_) {
        util::log_info("asking what still runs to stop", {{"messages", active_}});
        handler_.ask_to_stop();
        while (active_ > 0 && !at_once_)
            co_await until_changed(util::SteadyTime::max());
    }
    if (active_ == 0) co_return;
    handler_.kill();
    const auto limit = util::steady_now() + kill_grace;
    while (active_ > 0 && util::steady_now() < limit)
        co_await until_changed(limit);
}

bool Consumer::quiet() const {
    return connected_ && active_ == 0 && letters_ == 0 && waiting_.empty() && held_.empty() &&
           util::steady_now() >= last_retry_due_;
}

asio::awaitable<void> Consumer::watch_idle() {
    auto since = util::steady_now();
    std::uint64_t seen = arrivals_;
    bool was_quiet = true;
    while (!stopping_) {
        if (!quiet() || !was_quiet || arrivals_ != seen) since = util::steady_now();
        was_quiet = quiet();
        seen = arrivals_;
        if (was_quiet && util::steady_now() - since >= *options_.stop.idle) stop(StopReason::idle);
        if (stopping_) break;
        co_await until_changed(was_quiet ? since + *options_.stop.idle : util::SteadyTime::max());
    }
}

// The broker's count does not hold what is on its way here, so the queue is empty only when nothing
// comes after the count either.
asio::awaitable<void> Consumer::watch_queue() {
    constexpr milliseconds before_count{50};
    constexpr milliseconds after_count{100};
    counting_thread_.emplace(1);
    while (!stopping_) {
        const bool before = co_await stays_quiet(before_count);
        if (!before) {
            if (!stopping_ && !quiet()) co_await until_changed(util::SteadyTime::max());
            continue;
        }
        const std::uint64_t ready = co_await count_ready();
        const bool after = co_await stays_quiet(after_count);
        if (ready == 0 && after) stop(StopReason::queue_empty);
    }
}

asio::awaitable<bool> Consumer::stays_quiet(milliseconds duration) {
    const auto deadline = util::steady_now() + duration;
    const auto seen = arrivals_;
    while (quiet() && arrivals_ == seen && !stopping_) {
        if (util::steady_now() >= deadline) co_return true;
        co_await until_changed(deadline);
    }
    co_return false;
}

// Also one that has come and was not taken yet.
bool Consumer::signalled() {
    pollfd come{signals_.native_handle(), POLLIN, 0};
    return stopping_ || ::poll(&come, 1, 0) > 0;
}

asio::awaitable<std::uint64_t> Consumer::count_on_thread() {
    co_return options_.stop.ready_messages();
}

asio::awaitable<std::uint64_t> Consumer::count_ready() {
    try {
        const std::uint64_t ready =
            co_await asio::co_spawn(*counting_thread_, count_on_thread(), asio::use_awaitable);
        failed_counts_ = 0;
        co_return ready;
    } catch (const Error& error) {
        if (signalled()) co_return 1;  // it interrupted this, too
        // What has befallen the broker will show at the subscription as well, which may come back.
        constexpr unsigned patience = 10;
        if (error.permanent() || error.kind() != ErrorKind::unreachable ||
            ++failed_counts_ >= patience)
            fail(error);
    }
    co_return 1;
}

}  // namespace airy::work
