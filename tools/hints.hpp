// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "util/error.hpp"

namespace airy::tools {

// The next step for the user of the command line: the error's own hint, and behind it the commands
// or options of airy that help with the error's reason. Empty when there is neither.
std::string hint_for(const Error& error);

}  // namespace airy::tools
