// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "util/clock.hpp"

namespace airy::pool {
class Histogram;
}

namespace airy::work {

enum class ConsumerState : std::uint8_t {
    starting,  // connecting and declaring
    running,
    paused,        // holds the messages it has taken, starts none
    reconnecting,  // the connection is lost and being made again
    // Too many failures in a row, or the handlers' service is not there: pauses, then tries one
    // message.
    tripped,
    draining,  // takes no more, finishes running handlers
    stopped,
};

// The name as above; as in `stats pools --output json`.
std::string_view to_string(ConsumerState state) noexcept;

// Where the counts of a distribution are cut for monitoring: handlers take milliseconds to minutes.
inline constexpr std::array<std::chrono::milliseconds, 17> time_bounds = {
    std::chrono::milliseconds(1),       std::chrono::milliseconds(2),
    std::chrono::milliseconds(5),       std::chrono::milliseconds(10),
    std::chrono::milliseconds(25),      std::chrono::milliseconds(50),
    std::chrono::milliseconds(100),     std::chrono::milliseconds(250),
    std::chrono::milliseconds(500),     std::chrono::milliseconds(1'000),
    std::chrono::milliseconds(2'500),   std::chrono::milliseconds(5'000),
    std::chrono::milliseconds(10'000),  std::chrono::milliseconds(30'000),
    std::chrono::milliseconds(60'000),  std::chrono::milliseconds(120'000),
    std::chrono::milliseconds(300'000),
};

// Over all values since the start; all 0 while `count` is 0.
struct Percentiles {
    std::uint64_t count = 0;
    std::chrono::nanoseconds p50{};
    std::chrono::nanoseconds p90{};
    std::chrono::nanoseconds p99{};
    std::chrono::nanoseconds max{};
    std::chrono::nanoseconds sum{};
    std::array<std::uint64_t, time_bounds.size()> up_to{};  // how many at or below each bound
};

Percentiles percentiles(const pool::Histogram& of);

// A second, over the last 1, 10 and 60 seconds.
struct Rates {
    double second = 0;
    double ten_seconds = 0;
    double minute = 0;
};

// A running handler.
struct RunningTask {
    std::string topic;
    std::string message_id;  // empty: it has none
    std::size_t messages = 1;
    std::chrono::nanoseconds running{};  // for so long
};

struct RecentFailure {
    util::SystemTime at{};
    std::string topic;
    std::string message_id;
    std::string reason;
};

// The counts of a consumer. Each has a row in `inspect::figures`, which tells its meaning and where
// it is shown.
struct ConsumerCounts {
    std::uint64_t cap = 0;
    std::uint64_t running = 0;
    std::uint64_t free = 0;
    std::uint64_t waiting = 0;
    std::uint64_t in_flight = 0;
    std::uint64_t handled = 0;
    std::uint64_t failed = 0;
    std::uint64_t retried = 0;
    std::uint64_t dead_lettered = 0;
    std::uint64_t discarded = 0;
    std::uint64_t duplicates = 0;
    std::uint64_t replied = 0;
    std::uint64_t batches = 0;
    std::uint64_t reconnects = 0;
};

// One running consumer at one moment.
struct ConsumerStatus : ConsumerCounts {
    std::string name;
    int pid = 0;
    std::string version;  // of its program
    std::string queue;
    std::vector<std::string> patterns;
    ConsumerState state = ConsumerState::starting;
    std::chrono::nanoseconds uptime{};

    Percentiles wait;  // from the arrival of a message until its handler starts
    Percentiles run;   // of the handler
    // From publishing a copy, to a retry or the dead-letter queue, until the broker's confirm.
    Percentiles confirm;

    Rates handled_rates;
    Rates failed_rates;
    std::vector<RunningTask> tasks;       // the oldest first, at most 64
    std::vector<RecentFailure> failures;  // the last five, the newest last
};

// What becomes of a message whose handler is cancelled.
enum class AfterCancel : std::uint8_t {
    retry,  // as after any failure
    dead_letter,
};

// The operations on a running consumer from outside: by the control socket. Any thread may call,
// except `cancel`; no call waits for the consumer.
class ConsumerControl {
  public:
    virtual ~ConsumerControl() = default;

    virtual ConsumerStatus status() const = 0;
    // At least 1. Throws Error{usage} for more than the consumer's handler can run at once.
    virtual void resize(std::size_t slots) = 0;
    virtual void pause() = 0;  // no effect while draining
    virtual void resume() = 0;
    // Takes no more, finishes running handlers and ends, as if a stop condition had been met.
    virtual void drain() = 0;
    // Ends the running handlers of the messages with this id. Returns how many they are. On the
    // loop's thread.
    virtual std::size_t cancel(std::string_view id, AfterCancel then) = 0;
};

}  // namespace airy::work
