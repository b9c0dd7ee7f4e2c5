// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include "util/error.hpp"

namespace airy::tools {

// The exit code of a command that ends with an error of this kind (README, "Exit codes").
int exit_code_of(ErrorKind kind) noexcept;

}  // namespace airy::tools
