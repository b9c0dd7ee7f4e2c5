// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

namespace airy::pool {

// Where a task runs: on one of the pool's threads, or as a coroutine on the loop.
enum class Lane : std::uint8_t { threads, async };

// What a task says of itself when it returns. `cancelled` is for a task that ends early because it
// was asked to stop; a task that returns `ok` after such a request counts as ok.
enum class TaskResult : std::uint8_t { ok, failed, cancelled };

// How a task ended. Every accepted task gets exactly one.
enum class OutcomeKind : std::uint8_t {
    ok,
    failed,     // returned TaskResult::failed
    threw,      // an exception left it; it is in Outcome::exception
    timed_out,  // still running at its deadline, whatever it did afterwards
    cancelled,  // its stop token fired before it started, or it ended early on a stop request
    rejected,   // accepted into a queue of its key, but the pool was released before it started
};
inline constexpr int outcome_kinds = 6;

std::string_view name(OutcomeKind kind) noexcept;
std::string_view name(Lane lane) noexcept;

struct Outcome {
    OutcomeKind kind = OutcomeKind::ok;
    std::exception_ptr exception;     // what left the task, also when it left after its deadline
    std::chrono::nanoseconds wait{};  // from the call of submit to the start of the task
    std::chrono::nanoseconds run{};   // from the start to the end; 0 when it never started
};

// The answer to a submission. Anything but `accepted` means the task will never run; its on_done is
// not called, since the caller knows already, and it counts as rejected in the totals.
enum class Submitted : std::uint8_t {
    accepted,
    overload,   // no slot, and waiting was not allowed
    closed,     // the pool was released
    deadline,   // SubmitOptions::deadline passed while waiting
    cancelled,  // SubmitOptions::stop_token fired while waiting
};

std::string_view name(Submitted submitted) noexcept;

// One failed task, for the log: kind is failed, threw or timed_out.
struct TaskReport {
    std::uint64_t id = 0;
    Lane lane = Lane::threads;
    std::string key;
    Outcome outcome;
};

// The text of an exception of any type; "unknown exception" for what is not a std::exception.
std::string describe(const std::exception_ptr& exception);

}  // namespace airy::pool
