// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/stop_watcher.hpp"

#include <boost/asio/co_spawn.hpp>
#include <exception>

#include "pool/outcome.hpp"

namespace airy::work {
namespace asio = boost::asio;
using std::chrono::milliseconds;

StopWatcher::StopWatcher(asio::io_context& loop, Timers& timers, Condition& changed,
                         Subject& subject, const StopConditions& conditions)
    : loop_(loop), timers_(timers), changed_(changed), subject_(subject), conditions_(conditions) {}

void StopWatcher::begin() {
    const auto ended = [this](const std::exception_ptr& exception) {
        if (exception) subject_.fail(Error(ErrorKind::general, pool::describe(exception)));
    };
    if (conditions_.idle) asio::co_spawn(loop_, watch_idle(*conditions_.idle), ended);
    if (conditions_.queue_empty) asio::co_spawn(loop_, watch_queue(), ended);
    if (!conditions_.total) return;
    total_ = timers_.make([this] { subject_.stop(StopReason::time_up); });
    total_->set(now() + *conditions_.total);
}

void StopWatcher::end() {
    if (total_) total_->cancel();
}

asio::awaitable<void> StopWatcher::watch_idle(std::chrono::nanoseconds limit) {
    auto since = now();
    std::uint64_t seen = subject_.arrivals();
    bool was_quiet = true;
    while (!subject_.stopping()) {
        if (!subject_.quiet() || !was_quiet || subject_.arrivals() != seen) since = now();
        was_quiet = subject_.quiet();
        seen = subject_.arrivals();
        if (was_quiet && now() - since >= limit) {
            const auto ready = co_await count_while_quiet();
            if (ready) subject_.stop(StopReason::idle);
            continue;
        }
        co_await changed_.wait_until(was_quiet ? since + limit : util::SteadyTime::max());
    }
}

asio::awaitable<void> StopWatcher::watch_queue() {
    // The broker carries out a requeue a little after it has read it.
    constexpr milliseconds before_count{150};
    while (!subject_.stopping()) {
        const bool quiet = co_await stays_quiet(before_count);
        if (!quiet) {
            if (!subject_.stopping() && !subject_.quiet()) co_await changed_.wait();
            continue;
        }
        const auto ready = co_await count_while_quiet();
        if (ready == 0U) subject_.stop(StopReason::queue_empty);
    }
}

asio::awaitable<bool> StopWatcher::stays_quiet(milliseconds duration) {
    const auto deadline = now() + duration;
    const auto seen = subject_.arrivals();
    while (subject_.quiet() && subject_.arrivals() == seen && !subject_.stopping()) {
        if (now() >= deadline) co_return true;
        co_await changed_.wait_until(deadline);
    }
    co_return false;
}

// The number of ready messages; nullopt when something has come meanwhile.
asio::awaitable<std::optional<std::uint64_t>> StopWatcher::count_while_quiet() {
    const auto seen = subject_.arrivals();
    if (!check_.under_way()) check_.begin();
    while (check_.under_way()) {
        co_await changed_.wait();
        if (!subject_.quiet() || subject_.arrivals() != seen || subject_.stopping())
            check_.disturb();
    }
    co_return check_.ready();
}

}  // namespace airy::work
