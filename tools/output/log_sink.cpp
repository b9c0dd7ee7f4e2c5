// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "output/log_sink.hpp"

#include <cstdio>
#include <new>

#include "mq/endpoint.hpp"

namespace airy::tools::output {

void log_to_stderr(std::string_view line) noexcept {
    try {
        const auto shown = mq::masked_text(line);
        // The lock of stderr keeps the lines of several threads apart.
        std::fwrite(shown.data(), 1, shown.size(), stderr);
    } catch (const std::bad_alloc&) {
        // A log line is never worth ending the program for.
    }
}

}  // namespace airy::tools::output
