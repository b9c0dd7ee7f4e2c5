// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "cli/app.hpp"
#include "work/child.hpp"

namespace airy::tools::consume {

// The options of all kinds of handlers that run the words behind `--`.
struct ProcessOptions {
    work::ChildOptions child{};
    std::vector<std::string> given{};  // of these options

    void add(cli::App& app);
};

// Raises the limit of open files to these and some for airy itself, at most to the hard limit.
// Processes inherit it, so it is raised no further than needed.
void make_room_for_descriptors(std::size_t count);

}  // namespace airy::tools::consume
