// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/exit_status.hpp"

#include <fmt/core.h>
#include <string.h>

#include <string>
#include <utility>

namespace airy::work {
namespace {

Verdict judge_status(int status) noexcept {
    switch (status) {
        case 0:
            return Verdict::success;
        case 3:
        case 5:
        case 65:  // EX_DATAERR
            return Verdict::reject;
        case 4:
        case 6:
            return Verdict::requeue;
        default:  // 75, EX_TEMPFAIL, among them
            return Verdict::retry;
    }
}

HandlerResult failure(Verdict verdict, std::string what, const std::string& line, int code) {
    if (!line.empty()) what += ": " + line;
    return {.verdict = verdict, .reason = std::move(what), .detail = {line, code}};
}

}  // namespace

HandlerResult judge(const ChildResult& result) {
    using Kind = ChildResult::Kind;
    const auto& line = result.last_line;
    switch (result.kind) {
        case Kind::exited: {
            const Verdict verdict = judge_status(result.value);
            if (verdict == Verdict::success) return {};
            return failure(verdict, fmt::format("exit status {}", result.value), line,
                           result.value);
        }
        case Kind::signalled: {
            const char* name = sigabbrev_np(result.value);
            const auto signal = name != nullptr ? name : std::to_string(result.value);
            return failure(Verdict::retry, "killed by SIG" + signal, line, 128 + result.value);
        }
        case Kind::timed_out:
            return failure(Verdict::retry, "timed out", line, 124);
        case Kind::stopped:
            return {.verdict = Verdict::not_handled, .reason = "stopped before it was done"};
        case Kind::cannot_start:
            break;
    }
    return {.verdict = Verdict::cannot_run, .reason = ::strerror(result.value)};
}

}  // namespace airy::work
