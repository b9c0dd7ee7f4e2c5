// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "command.hpp"

namespace airy::tools::cli {

// Reads `args`, the arguments behind the command's name, into the command's options. Returns the
// text of the help if the line asks for it; then there is nothing to run. Throws Error{usage}, with
// the nearest option for a misspelt one.
std::optional<std::string> parse(const CommandEntry& entry, Command& command,
                                 const std::vector<std::string>& args);

}  // namespace airy::tools::cli
