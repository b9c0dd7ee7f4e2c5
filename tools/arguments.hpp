// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <span>

namespace airy::tools {

// Overwrites the secrets in this process's own arguments, which any user can read in /proc: the
// password and the parameters of a URL, and the value of a header of `--http-header`. The caller
// has copied the arguments before. What stands behind `--` is another command's.
void hide_secrets(std::span<char*> arguments);

}  // namespace airy::tools
