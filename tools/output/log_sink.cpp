// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "output/log_sink.hpp"

#include <cstdio>

namespace airy::tools::output {

void log_to_stderr(std::string_view line) noexcept {
    // The lock of stderr keeps the lines of several threads apart.
    std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace airy::tools::output
