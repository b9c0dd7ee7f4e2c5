// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include "work/child.hpp"
#include "work/handler.hpp"

namespace airy::work {

// What one run of a command means (README, "Exit status of a command"). The detail's code is the
// exit as shells have it: 128 + a signal, 124 for a timeout.
HandlerResult judge(const ChildResult& result);

}  // namespace airy::work
