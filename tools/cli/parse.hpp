// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "command.hpp"

namespace airy::tools::cli {

// Reads `args`, which stand behind the command's name, into what the command declares. Returns the
// text of the help where that was asked for, so that there is nothing to run. Throws Error{usage},
// with the nearest option where one was misspelt.
std::optional<std::string> parse(const CommandEntry& entry, Command& command,
                                 const std::vector<std::string>& args);

}  // namespace airy::tools::cli
