// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/exit_status.hpp"

#include <fmt/core.h>
#include <signal.h>
#include <string.h>

#include <cerrno>
#include <string>
#include <utility>

#include "util/limits.hpp"

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

// The signals by which a service manager, a terminal or an operator asks processes to end.
bool asks_to_end(int signal) noexcept {
    return signal == SIGTERM || signal == SIGINT || signal == SIGHUP || signal == SIGQUIT;
}

std::string why_no_start(int error) {
    if (error == EAGAIN) return fmt::format("{}: {}", ::strerror(error), util::process_limit());
    if (error == EMFILE) return fmt::format("{}: {}", ::strerror(error), util::file_limit());
    return ::strerror(error);
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
            auto failed =
                failure(verdict, fmt::format("exit status {}", result.value), line, result.value);
            // A shell ends like this when its child, or its trap, got the signal.
            failed.interrupted = asks_to_end(result.value - 128);
            return failed;
        }
        case Kind::signalled: {
            const char* name = sigabbrev_np(result.value);
            const auto signal = name != nullptr ? name : std::to_string(result.value);
            auto failed =
                failure(Verdict::retry, "killed by SIG" + signal, line, 128 + result.value);
            failed.interrupted = asks_to_end(result.value);
            return failed;
        }
        case Kind::timed_out:
            return failure(Verdict::retry, "timed out", line, 124);
        case Kind::stopped:
            return {.verdict = Verdict::not_handled, .reason = "stopped before it was done"};
        case Kind::cancelled:
            return failure(Verdict::retry, "cancelled by an operator", line, 128 + SIGTERM);
        case Kind::cannot_start:
            break;
    }
    return {.verdict = Verdict::cannot_run, .reason = why_no_start(result.value)};
}

HandlerResult cancelled(Verdict verdict, const std::string& last_line) {
    auto result = judge({ChildResult::Kind::cancelled, 0, last_line});
    result.verdict = verdict;
    if (result.detail.line.empty()) result.detail.line = result.reason;
    return result;
}

}  // namespace airy::work
