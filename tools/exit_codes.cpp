// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "exit_codes.hpp"

namespace airy::tools {

int exit_code_of(ErrorKind kind) noexcept {
    switch (kind) {
        case ErrorKind::general:
            return 1;
        case ErrorKind::usage:
            return 2;
        case ErrorKind::unreachable:
            return 3;
        case ErrorKind::undelivered:
            return 4;
        case ErrorKind::timeout:
            return 5;
        case ErrorKind::handler:
            return 6;
        case ErrorKind::not_found:
            return 7;
        case ErrorKind::invalid_event:
            return 8;
    }
    return 1;
}

}  // namespace airy::tools
