// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/worker_end.hpp"

#include <fmt/core.h>

#include "work/exit_status.hpp"

namespace airy::work {

std::string WorkerEnd::why(const ChildResult& result) const {
    switch (cause) {
        case Cause::fault:
        case Cause::echo:
            return fault;
        case Cause::late:
            return "a message timed out";
        case Cause::cancel:
            return "a message was cancelled by an operator";
        case Cause::own:
        case Cause::replace:
            break;
    }
    const auto reason = judge(result).reason;
    return reason.empty() ? "exit status 0" : reason;
}

HandlerResult WorkerEnd::failure(const ChildResult& result, std::size_t worker) const {
    HandlerResult failed;
    const bool silent = cause != Cause::fault && judge(result).verdict == Verdict::success;
    const auto what = silent ? "ended without an answer" : why(result);
    if (cause == Cause::fault)
        failed.detail.line = fault;
    else
        failed = judge(result);
    failed.verdict = Verdict::retry;
    failed.reason = fmt::format("worker {}: {}", worker, what);
    if (failed.detail.line.empty()) failed.detail.line = what;
    return failed;
}

}  // namespace airy::work
