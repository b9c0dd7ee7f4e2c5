// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/output_end.hpp"

#include <cerrno>

#include "util/system_failure.hpp"

namespace airy::work {

std::optional<HandlerEnd> end_of(const OutputStream& out) {
    const int error = out.broken();
    if (error == 0 || error == ECANCELED) return std::nullopt;
    return HandlerEnd{util::system_failure("cannot write to stdout", error), error == EPIPE};
}

}  // namespace airy::work
