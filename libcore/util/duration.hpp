// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace airy::util {

// Reads `250ms`, `30s`, `5m`, `2h`, `1.5s`, `1m30s`; units ns us ms s m h d, never negative. Throws
// Error{usage} that gives the value and the accepted form; the caller names the flag.
std::chrono::nanoseconds parse_duration(std::string_view text);

// Short, for people: `850us`, `1.2ms`, `30s`, `1m30s`, `2h5m`; about two significant digits.
std::string format_duration(std::chrono::nanoseconds duration);

}  // namespace airy::util
