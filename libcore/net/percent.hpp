// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace airy::net {

// Percent-encoding (RFC 3986 section 2.1). Pure; any thread.

// Every byte but the unreserved characters becomes %XX, so also `/`.
std::string percent_encode(std::string_view text);

// The first `%` without two hex digits after it.
struct PercentFault {
    std::size_t position = 0;  // bytes from 0
};

// Puts the decoded text into `out`. nullopt: the text is valid.
std::optional<PercentFault> percent_decode(std::string_view text, std::string& out);

}  // namespace airy::net
