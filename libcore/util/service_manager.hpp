// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace airy::util {

// Tells the service manager that NOTIFY_SOCKET names, such as systemd: `READY=1`, `STOPPING=1`
// (sd_notify(3)). Does nothing without a service manager, and never blocks. Any thread that may
// read the environment.
void notify_service_manager(std::string_view state) noexcept;

// Whether there is a service manager to tell.
bool has_service_manager() noexcept;

// The longest time between two `WATCHDOG=1` that the service manager expects of this process
// (WATCHDOG_USEC and WATCHDOG_PID, sd_watchdog_enabled(3)); nullopt: it expects none.
std::optional<std::chrono::microseconds> watchdog_patience() noexcept;

}  // namespace airy::util
