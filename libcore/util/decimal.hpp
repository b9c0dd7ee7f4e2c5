// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <compare>
#include <string_view>

namespace airy::util {

// Compares two numbers as JSON writes them by their exact decimal values, however many digits they
// have; nothing passes through a double.
std::strong_ordering compare_decimals(std::string_view a, std::string_view b) noexcept;

}  // namespace airy::util
