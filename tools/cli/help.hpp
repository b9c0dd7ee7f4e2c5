// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace CLI {
class App;
}  // namespace CLI

namespace airy::tools::cli {

// The text of --help for a command, or for a subcommand of it. `name` is the whole name, such as
// "airy queue peek"; `child` tells whether `-- CMD ARG…` stands at the end of the line. Lines are
// wrapped at `width` columns; 0: not at all.
std::string help(const CLI::App& app, std::string_view name, bool child, std::size_t width);

}  // namespace airy::tools::cli
