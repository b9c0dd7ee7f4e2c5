// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace airy::tools::top {

// The text that makes the terminal on stdout leave the full screen, by terminfo(5). Throws
// Error{general} for a terminal of unknown type, and for one that cannot place its cursor.
std::string leaving_sequence();

}  // namespace airy::tools::top
