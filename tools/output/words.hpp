// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "util/text.hpp"

namespace airy::tools::output {

// A name in a message: 'orders', with no byte that a terminal would obey.
inline std::string quoted(std::string_view name) {
    return "'" + util::printable(name) + "'";
}

// 1 message, 2 messages.
inline std::string counted(std::uint64_t number, std::string_view noun) {
    return fmt::format("{} {}{}", number, noun, number == 1 ? "" : "s");
}

}  // namespace airy::tools::output
