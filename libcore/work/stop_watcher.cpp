// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/stop_watcher.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
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
    if (conditions_.ready_messages) asio::co_spawn(loop_, watch_queue(), ended);
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
        if (was_quiet && now() - since >= limit) subject_.stop(StopReason::idle);
        if (subject_.stopping()) break;
        co_await changed_.wait_until(was_quiet ? since + limit : util::SteadyTime::max());
    }
}

// The broker's count leaves out messages on their way here, so the queue is empty only when nothing
// arrives after the count either.
asio::awaitable<void> StopWatcher::watch_queue() {
    constexpr milliseconds before_count{50};
    constexpr milliseconds after_count{100};
    counting_thread_.emplace(1);
    while (!subject_.stopping()) {
        const bool before = co_await stays_quiet(before_count);
        if (!before) {
            if (!subject_.stopping() && !subject_.quiet()) co_await changed_.wait();
            continue;
        }
        const std::uint64_t ready = co_await count_ready();
        const bool after = co_await stays_quiet(after_count);
        if (ready == 0 && after) subject_.stop(StopReason::queue_empty);
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

asio::awaitable<std::uint64_t> StopWatcher::count_on_thread() {
    co_return conditions_.ready_messages();
}

asio::awaitable<std::uint64_t> StopWatcher::count_ready() {
    try {
        const std::uint64_t ready =
            co_await asio::co_spawn(*counting_thread_, count_on_thread(), asio::use_awaitable);
        failed_counts_ = 0;
        co_return ready;
    } catch (const Error& error) {
        if (subject_.stopping() || subject_.signalled()) co_return 1;  // the signal interrupted it
        // A lost connection will show at the work queue as well, which may come back.
        constexpr unsigned patience = 10;
        if (error.permanent() || error.kind() != ErrorKind::unreachable ||
            ++failed_counts_ >= patience)
            subject_.fail(error);
    }
    co_return 1;
}

}  // namespace airy::work
