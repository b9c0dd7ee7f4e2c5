// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "util/clock.hpp"

namespace airy::net {

// A date of HTTP (RFC 9110 section 5.6.7) in any of its three forms, e.g. `Sun, 06 Nov 1994
// 08:49:37 GMT`. The name of the day is not compared with the date. nullopt for anything else, and
// for years that SystemTime cannot hold. Pure; any thread.
std::optional<util::SystemTime> parse_http_date(std::string_view text);

// The value of Retry-After (RFC 9110 section 10.2.3), a number of seconds or a date: the time to
// wait from `now` on, rounded up to seconds. A date that has passed is 0; a number beyond a century
// counts as a century. nullopt for anything else.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view text, util::SystemTime now);

}  // namespace airy::net
