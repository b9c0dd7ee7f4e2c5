// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/policy.hpp"

#include <fmt/core.h>
#include <string.h>

#include <algorithm>
#include <optional>
#include <type_traits>
#include <variant>

namespace airy::work {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds first_delay{250};
constexpr milliseconds longest_delay{10'000};

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

std::string with_line(std::string what, const std::string& line) {
    return line.empty() ? what : what + ": " + line;
}

std::optional<std::uint64_t> unsigned_value(const event::HeaderValue& header) noexcept {
    return std::visit(
        [](const auto& value) -> std::optional<std::uint64_t> {
            using T = std::decay_t<decltype(value)>;
            if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
                if (value >= 0) return static_cast<std::uint64_t>(value);
            }
            return std::nullopt;
        },
        header.value);
}

milliseconds requeue_delay(unsigned attempt) noexcept {
    if (attempt < 2) return milliseconds(0);
    const unsigned doublings = std::min(attempt - 2, 16U);
    return std::min(first_delay * (1U << doublings), longest_delay);
}

}  // namespace

HandlerResult judge(const ChildResult& result) {
    using Kind = ChildResult::Kind;
    switch (result.kind) {
        case Kind::exited: {
            const Verdict verdict = judge_status(result.value);
            if (verdict == Verdict::success) return {};
            return {verdict,
                    with_line(fmt::format("exit status {}", result.value), result.last_line)};
        }
        case Kind::signalled:
            return {Verdict::retry,
                    with_line(fmt::format("killed by SIG{}", sigabbrev_np(result.value) != nullptr
                                                                 ? sigabbrev_np(result.value)
                                                                 : std::to_string(result.value)),
                              result.last_line)};
        case Kind::timed_out:
            return {Verdict::retry, with_line("timed out", result.last_line)};
        case Kind::stopped:
            return {Verdict::not_handled, "stopped before it was done"};
        case Kind::cannot_start:
            break;
    }
    return {Verdict::cannot_run, ::strerror(result.value)};
}

unsigned delivery_attempt(const mq::Delivered& delivered) noexcept {
    for (const auto& [name, value] : delivered.message.headers) {
        if (name != "x-delivery-count") continue;
        if (const auto count = unsigned_value(value))
            return static_cast<unsigned>(std::min<std::uint64_t>(*count, 1'000'000)) + 1;
    }
    return delivered.redelivered ? 2 : 1;
}

Decision decide(Verdict verdict, unsigned attempt, unsigned delivery_limit) noexcept {
    using mq::Settlement;
    switch (verdict) {
        case Verdict::success:
            return {Settlement::ack, milliseconds(0), true, false};
        case Verdict::reject:
            return {Settlement::dead_letter, milliseconds(0), true, true};
        case Verdict::retry:
        case Verdict::requeue:
            if (delivery_limit != 0 && attempt > delivery_limit)
                return {Settlement::dead_letter, milliseconds(0), true, true};
            return {Settlement::requeue, requeue_delay(attempt), false, true};
        case Verdict::cannot_run:
            return {Settlement::requeue, milliseconds(0), false, true};
        case Verdict::not_handled:
            break;
    }
    return {Settlement::requeue, milliseconds(0), false, false};
}

}  // namespace airy::work
