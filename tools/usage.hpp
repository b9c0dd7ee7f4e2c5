// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "command.hpp"
#include "util/error.hpp"

// Reads the command line before a command does, and makes the errors for a line that names none.
namespace airy::tools {

// The text of `airy --help`.
std::string overview();

// Takes the command's name out of `args`; options before it stay with the command's own. Throws
// Error{usage} with the nearest name when the line names no command.
const CommandEntry& take_command(std::vector<std::string>& args);

// Cuts `-- CMD ARG…` off the end of `args` and returns CMD ARG….
std::vector<std::string> split_child(std::vector<std::string>& args);

Error unknown_command(std::string_view name);

// An argument as an error shows it: a URL without its password, which may stand in a wrong place.
std::string shown_argument(std::string_view argument);

}  // namespace airy::tools
