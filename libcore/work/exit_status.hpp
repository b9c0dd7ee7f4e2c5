// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include "work/child.hpp"
#include "work/handler.hpp"

namespace airy::work {

// The meaning of one run of a command (README, "Exit status of a command"). The detail's code is
// the exit status as a shell tells it: 128 + the signal, 124 for a timeout.
HandlerResult judge(const ChildResult& result);

// The result of a message that an operator cancelled; `last_line` is that of stderr.
HandlerResult cancelled(Verdict verdict, const std::string& last_line);

}  // namespace airy::work
