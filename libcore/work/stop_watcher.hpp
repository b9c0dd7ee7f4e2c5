// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>

#include "mq/quiet_check.hpp"
#include "util/error.hpp"
#include "work/condition.hpp"
#include "work/lifecycle.hpp"

namespace airy::work {

// The conditions under which a consumer ends by itself. A message counts once it is acked,
// dead-lettered or discarded.
struct StopConditions {
    std::optional<std::uint64_t> count;
    std::optional<std::chrono::nanoseconds> idle;  // nothing came and nothing ran for this long
    std::optional<std::chrono::nanoseconds> total;
    bool queue_empty = false;  // no message is ready or on its way, and nothing runs
};

// Ends a consumer by time or by an empty queue. Loop thread only.
class StopWatcher {
  public:
    // The consumer, as the watcher sees it.
    class Subject {
      public:
        virtual ~Subject() = default;
        // Nothing waits, runs, is held, or is on its way back; and there is a connection.
        virtual bool quiet() const = 0;
        virtual std::uint64_t arrivals() const = 0;  // of messages, since the start
        virtual bool stopping() const = 0;
        // Counts the ready messages: mq::WorkQueue::count.
        virtual std::uint64_t count() = 0;
        virtual void stop(StopReason reason) = 0;
        virtual void fail(Error error) = 0;
    };

    // All outlive the watcher. `changed` is notified when `quiet`, `arrivals` or `stopping` change.
    StopWatcher(boost::asio::io_context& loop, Timers& timers, Condition& changed, Subject& subject,
                const StopConditions& conditions);

    // Begins to watch for the conditions that are set.
    void begin();
    void end();

    // The answer to Subject::count. The caller notifies `changed`.
    void take(const mq::Counted& counted) { check_.take(counted); }

  private:
    boost::asio::awaitable<void> watch_idle(std::chrono::nanoseconds limit);
    boost::asio::awaitable<void> watch_queue();
    boost::asio::awaitable<bool> stays_quiet(std::chrono::milliseconds duration);
    boost::asio::awaitable<std::optional<std::uint64_t>> count_while_quiet();
    util::SteadyTime now() const noexcept { return timers_.clock().steady(); }

    boost::asio::io_context& loop_;
    Timers& timers_;
    Condition& changed_;
    Subject& subject_;
    const StopConditions conditions_;
    std::unique_ptr<Timer> total_;
    mq::QuietCheck check_{[this] { return subject_.count(); }};
};

}  // namespace airy::work
