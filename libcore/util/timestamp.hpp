// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "util/clock.hpp"

namespace airy::util {

// A point in time over the whole range of RFC 3339, years 0000 to 9999.
struct Instant {
    std::int64_t seconds = 0;       // since 1970, UTC
    std::uint32_t nanoseconds = 0;  // always added, never subtracted
};

// RFC 3339 as Go's encoding/json reads it: upper-case T and Z, days that exist, no second 60,
// offsets below 24:00; at most nine digits of a fraction. nullopt for anything else.
std::optional<Instant> scan_rfc3339(std::string_view text) noexcept;

// The same, for times that SystemTime can hold (years 1677 to 2262).
std::optional<SystemTime> parse_rfc3339(std::string_view text) noexcept;

// The text in UTC, with `Z`, and only the fraction's digits that are needed (Go's
// time.RFC3339Nano).
std::string format_rfc3339(SystemTime time);
void append_rfc3339(std::string& out, SystemTime time);

}  // namespace airy::util
