// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "work/status.hpp"
#include "work/timers.hpp"

namespace airy::tools::consume {

// Tells the service manager about one consumer, as sd_notify(3) has it: that it is ready and that
// it stops, a STATUS= line whenever that changed, and WATCHDOG=1 as long as the loop turns. Does
// nothing without a service manager. Loop thread.
class ServiceNotices {
  public:
    explicit ServiceNotices(work::Timers& timers);

    static void say(std::string_view status);  // as the status, before there is a consumer

    // Begins with the regular notices about `consumer`, which must outlive them.
    void begin(const work::ConsumerControl& consumer);
    void ready();
    void stopping();

  private:
    void tell();
    void tell_status();

    work::Timers& timers_;
    const std::optional<std::chrono::microseconds>
        watchdog_;  // expects a sign of life in this time
    std::unique_ptr<work::Timer> timer_;
    const work::ConsumerControl* consumer_ = nullptr;  // set by begin
    std::string last_status_;
};

}  // namespace airy::tools::consume
