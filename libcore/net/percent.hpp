// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace airy::net {

// Percent-encoding as RFC 3986 section 2.1 has it.

// Every byte but the unreserved characters becomes %XX, so also `/`.
std::string percent_encode(std::string_view text);

// The first `%` that two hex digits do not follow.
struct PercentFault {
    std::size_t position = 0;  // bytes from 0
};

// Puts the decoded text into `out`. nullopt: the text is valid.
std::optional<PercentFault> percent_decode(std::string_view text, std::string& out);

}  // namespace airy::net
