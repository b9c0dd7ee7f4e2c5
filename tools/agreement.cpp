// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "agreement.hpp"

#include <fmt/core.h>

#include <iostream>

#include "output/stream.hpp"
#include "util/error.hpp"

namespace airy::tools {

bool agreed(const std::string& question, bool yes) {
    if (yes) return true;
    if (!output::stdin_is_terminal() || !output::stderr_is_terminal())
        throw Error(ErrorKind::usage, fmt::format("will not {} without --yes", question),
                    "there is no terminal to ask on: add --yes, or --dry-run to see what would "
                    "happen");
    output::flush();
    std::cerr << output::shown_line(question) << "? [y/N] " << std::flush;
    std::string answer;
    std::getline(std::cin, answer);
    return answer == "y" || answer == "Y" || answer == "yes";
}

}  // namespace airy::tools
