// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace airy::tools {

// Whether what destroys or moves messages may be done: `yes` was given, or a person at the terminal
// agrees to `question` ("delete queue 'q'"). Throws Error{usage} where nobody can be asked.
bool agreed(const std::string& question, bool yes);

}  // namespace airy::tools
