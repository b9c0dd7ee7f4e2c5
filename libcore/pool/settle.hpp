// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <exception>
#include <functional>

#include "pool/task.hpp"

namespace airy::pool {

// Decides the outcome of a task that has run, reports it to on_failure (or the log, when that is
// empty) and to the task's on_done, and destroys the task's callables. Never under the pool's lock,
// since all of these are user code. Exceptions of the handlers are logged.
OutcomeKind settle(Task& task, TaskResult result, std::exception_ptr exception,
                   util::SteadyTime now,
                   const std::function<void(const TaskReport&)>& on_failure) noexcept;

// Calls the task's on_done, which it must have. An exception of on_done is logged.
void report_done(Task& task, const Outcome& outcome) noexcept;

}  // namespace airy::pool
