// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>

#include "mq/outcome.hpp"
#include "mq/publisher.hpp"
#include "publish/run.hpp"
#include "util/clock.hpp"

namespace airy::tools::publish {

// How long closing the connection may take.
inline constexpr std::chrono::milliseconds close_deadline{2000};

// Milliseconds for poll.
int milliseconds_until(util::SteadyTime then);

// E.g. "30 s".
std::string seconds(std::chrono::nanoseconds duration);

// The next step when no confirm comes.
const char* alarm_hint(bool blocked);

// Measures how long the awaited outcomes have not come, and nothing has left for the broker. Stands
// still while the connection is lost, which has limits of its own, and, if asked, while the broker
// blocks publishers. Main thread.
class Patience {
  public:
    // The publisher outlives this.
    Patience(const Options& options, const mq::Publisher& publisher)
        : limit_(options.confirm_timeout),
          wait_while_blocked_(options.wait_while_blocked),
          upload_(publisher) {}

    void restart() { since_ = util::steady_now(); }
    void take(const mq::PublisherEvent& event);
    bool blocked() const { return blocked_; }
    bool over();
    int left() const;  // for poll

  private:
    bool runs() const { return connected_ && !(blocked_ && wait_while_blocked_); }

    const std::chrono::nanoseconds limit_;
    const bool wait_while_blocked_;
    mq::Upload upload_;
    util::SteadyTime since_ = util::steady_now();
    bool blocked_ = false;
    bool connected_ = true;
};

}  // namespace airy::tools::publish
