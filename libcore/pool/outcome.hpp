// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

namespace airy::pool {

// A task runs on one of the pool's threads, or as a coroutine on the loop.
enum class Lane : std::uint8_t { threads, async };

// The result that a task returns. `cancelled` is for a task that ends early because it was asked to
// stop; a task that returns `ok` after such a request counts as ok.
enum class TaskResult : std::uint8_t { ok, failed, cancelled };

// The way in which a task ended. Every accepted task has exactly one.
enum class OutcomeKind : std::uint8_t {
    ok,
    failed,     // returned TaskResult::failed
    threw,      // an exception left it; it is in Outcome::exception
    timed_out,  // it still ran at its deadline; its result does not matter
    cancelled,  // its stop token fired before it started, or it ended early on a stop request
    rejected,   // it was queued behind its key, and the pool was released before it started
};
inline constexpr int outcome_kinds = 6;

// The names in metrics and logs.
std::string_view name(OutcomeKind kind) noexcept;
std::string_view name(Lane lane) noexcept;

// The end of one task, for its on_done.
struct Outcome {
    OutcomeKind kind = OutcomeKind::ok;
    std::exception_ptr exception;  // that left the task, be it after its deadline
    std::chrono::nanoseconds
        wait{};  // from the call of submit to the start of the task, or its drop
    std::chrono::nanoseconds run{};  // from the start to the end; 0 when the task never started
};

// The answer to a submission. After any answer but `accepted` the task never runs and its on_done
// is not called, since the submitter knows already; the task counts as rejected in the totals.
enum class Submitted : std::uint8_t {
    accepted,
    overload,   // no slot was free, and the submitter was not allowed to wait
    closed,     // the pool was released
    deadline,   // SubmitOptions::deadline passed while the submitter waited
    cancelled,  // SubmitOptions::stop_token fired before a slot was free
};

std::string_view name(Submitted submitted) noexcept;

// The report of one task whose outcome is failed, threw or timed_out.
struct TaskReport {
    std::uint64_t id = 0;
    Lane lane = Lane::threads;
    std::string key;
    Outcome outcome;
};

// The text of an exception: what() of a std::exception, "unknown exception" for any other type, and
// nothing for a null pointer.
std::string describe(const std::exception_ptr& exception);

}  // namespace airy::pool
