// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace airy::work {

// A command that was found: the file to execute and its argument vector. There is no shell.
struct Command {
    std::string path;
    std::vector<std::string> argv;
};

// Finds argv[0] as execvp would: unchanged when it has a slash, else along `search_path` (PATH).
// Throws Error{usage} when there is no executable file.
Command find_command(std::vector<std::string> argv, std::string_view search_path);

// `NAME=value` of every variable that a child may see: all variables except those that may hold a
// credential of the broker, and those that airy sets for each message.
std::vector<std::string> child_environment(const char* const* environment);

}  // namespace airy::work
