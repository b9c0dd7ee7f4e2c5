// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "work/status.hpp"

namespace airy::work {

enum class StopReason : std::uint8_t {
    count,
    idle,
    time_up,
    queue_empty,
    drained,        // by ConsumerControl::drain
    signal,         // SIGINT, SIGTERM, SIGHUP or SIGQUIT
    output_closed,  // the reader of the handler's output is gone
    failed,         // for ConsumerResult::error
};

// Events of a consumer as a whole.
enum class LifecycleEvent : std::uint8_t {
    begin,
    pause,
    resume,
    interrupt,  // the connection is lost and will be made again
    restore,
    trip,     // the circuit breaker opened
    recover,  // the circuit breaker closed
    lose,     // the connection is lost for good
    stop,     // with a StopReason
    signal,
    finish,  // all is settled and closed
};

// Actions of the consumer after an event.
enum class LifecycleEffect : std::uint8_t {
    none,
    announce,  // report that it is ready
    drain,     // take no more, give back waiting messages, let handlers end
    hurry,     // kill running handlers
};

// The states of a consumer and their transitions. Pure; one thread.
//
// `paused`, `reconnecting` and `tripped` may hold at once: the state is then the first of
// reconnecting, paused, tripped. Once draining it never takes messages again.
class Lifecycle {
  public:
    // `reason` goes with `stop`. Only the first stop and its reason count.
    LifecycleEffect on(LifecycleEvent event, StopReason reason = StopReason::drained) noexcept;

    ConsumerState state() const noexcept;

    // Whether messages may start, as far as the state decides.
    bool may_start() const noexcept { return begun_ && !paused_ && !stopping_; }
    bool paused() const noexcept { return paused_; }
    bool connected() const noexcept { return connected_; }
    bool lost() const noexcept { return lost_; }
    bool stopping() const noexcept { return stopping_; }
    bool hurried() const noexcept { return hurried_; }
    bool finished() const noexcept { return finished_; }
    std::uint64_t reconnects() const noexcept { return reconnects_; }
    StopReason stop_reason() const noexcept { return reason_; }
    // The signal that stopped it came while there was no connection.
    bool signalled_away() const noexcept { return signalled_away_; }

  private:
    LifecycleEffect stop(StopReason reason) noexcept;
    LifecycleEffect signal() noexcept;

    bool begun_ = false;
    bool paused_ = false;
    bool connected_ = true;
    bool tripped_ = false;
    bool lost_ = false;
    bool stopping_ = false;
    bool signalled_ = false;
    bool signalled_away_ = false;
    bool hurried_ = false;
    bool finished_ = false;
    std::uint64_t reconnects_ = 0;
    StopReason reason_ = StopReason::drained;
};

}  // namespace airy::work
