// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace airy::util {

// Tells the service manager that NOTIFY_SOCKET names, such as systemd: `READY=1`, `STOPPING=1`
// (sd_notify(3)). Does nothing without a service manager, and never blocks. Any thread that may
// read the environment.
void notify_service_manager(std::string_view state) noexcept;

}  // namespace airy::util
