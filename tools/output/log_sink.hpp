// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace airy::tools::output {

// A util::LogSink that writes to stderr, each line whole. Drops lines that cannot be written.
void log_to_stderr(std::string_view line) noexcept;

}  // namespace airy::tools::output
