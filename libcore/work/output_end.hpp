// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "work/handler.hpp"
#include "work/output.hpp"

namespace airy::work {

// The end of a handler that writes to stdout: set once writing has failed, not after an abandon.
std::optional<HandlerEnd> end_of(const OutputStream& out);

}  // namespace airy::work
