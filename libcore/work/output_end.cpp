// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/output_end.hpp"

#include <string.h>

#include <cerrno>
#include <string>

namespace airy::work {

std::optional<HandlerEnd> end_of(const OutputStream& out) {
    const int error = out.broken();
    if (error == 0 || error == ECANCELED) return std::nullopt;
    return HandlerEnd{
        Error(ErrorKind::general, std::string("cannot write to stdout: ") + ::strerror(error),
              "is the disk full, or stdout closed?"),
        error == EPIPE};
}

}  // namespace airy::work
