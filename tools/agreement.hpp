// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace airy::tools {

// Whether a command may destroy or move messages: `yes` was given, or a person at the terminal
// agrees to `question` ("delete queue 'q'"). Throws Error{usage} where there is no terminal to ask
// on.
bool agreed(const std::string& question, bool yes);

}  // namespace airy::tools
