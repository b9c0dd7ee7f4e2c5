// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

// The duties of a process that orphans are given to. The kernel gives them to process 1 of a
// container, and takes the default actions of signals away from it: without a handler, SIGTERM does
// nothing there.
namespace airy::tools {

// Where this is process 1: splits it in two. The call returns in the child, for which signals do
// what they always do. The parent passes signals on to it, reaps orphans, and ends as it ended:
// with its exit status, or 128 + N after signal N. Call before threads start. Throws
// Error{general}.
void leave_duties_of_process_1();

// The same anywhere: orphans of this process's descendants are given to the parent, not to process
// 1. The child gets SIGTERM when the parent is killed.
void leave_orphans_to_a_parent();

}  // namespace airy::tools
