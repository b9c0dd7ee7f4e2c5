// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "util/error.hpp"

namespace airy::tools {

// What to do next, for the user of the command line: the hint of the error itself, and behind it
// what airy's own commands and options do about the error's reason. Empty when there is neither.
std::string hint_for(const Error& error);

}  // namespace airy::tools
