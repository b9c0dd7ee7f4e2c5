// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace airy::tools::consume {

// The words of a command that stands in one option: split at blanks, which '…' and "…" keep; there
// is nothing else of a shell. Throws Error{usage} that names `flag` for a quote without its end.
std::vector<std::string> command_words(std::string_view flag, std::string_view text);

}  // namespace airy::tools::consume
