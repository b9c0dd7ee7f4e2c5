// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/policy.hpp"

#include <fmt/core.h>
#include <string.h>

#include <algorithm>
#include <optional>
#include <type_traits>
#include <variant>

#include "util/backoff.hpp"

namespace airy::work {
namespace {

using std::chrono::milliseconds;

constexpr util::Backoff requeue_backoff{milliseconds(250), milliseconds(10'000)};

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

std::optional<std::uint64_t> count_in(const event::HeaderTable& headers,
                                      std::string_view wanted) noexcept {
    for (const auto& [name, value] : headers)
        if (name == wanted) return unsigned_value(value);
    return std::nullopt;
}

unsigned at_most_a_million(std::uint64_t count) noexcept {
    return static_cast<unsigned>(std::min<std::uint64_t>(count, 1'000'000));
}

milliseconds requeue_delay(unsigned returns) noexcept {
    constexpr unsigned free = 3;
    if (returns < free) return milliseconds(0);
    return requeue_backoff.delay(returns - free);
}

Decision requeue(History history, unsigned delivery_limit) noexcept {
    if (delivery_limit != 0 && history.returns >= delivery_limit)
        return {Action::dead_letter, milliseconds(0), true};
    return {Action::requeue, requeue_delay(history.returns), true};
}

}  // namespace

HandlerResult judge(const ChildResult& result) {
    using Kind = ChildResult::Kind;
    const auto& line = result.last_line;
    switch (result.kind) {
        case Kind::exited: {
            const Verdict verdict = judge_status(result.value);
            if (verdict == Verdict::success) return {};
            return {verdict, with_line(fmt::format("exit status {}", result.value), line), line,
                    result.value};
        }
        case Kind::signalled: {
            const char* name = sigabbrev_np(result.value);
            const auto signal = name != nullptr ? name : std::to_string(result.value);
            return {Verdict::retry, with_line("killed by SIG" + signal, line), line,
                    128 + result.value};
        }
        case Kind::timed_out:
            return {Verdict::retry, with_line("timed out", line), line, 124};
        case Kind::stopped:
            return {Verdict::not_handled, "stopped before it was done"};
        case Kind::cannot_start:
            break;
    }
    return {Verdict::cannot_run, ::strerror(result.value)};
}

unsigned returns_of(const mq::Delivered& delivered) noexcept {
    if (const auto count = count_in(delivered.message.headers, "x-delivery-count"))
        return at_most_a_million(*count);
    return delivered.redelivered ? 1 : 0;
}

bool returns_are_counted(const mq::Delivered& delivered) noexcept {
    return !delivered.redelivered ||
           count_in(delivered.message.headers, "x-delivery-count").has_value();
}

unsigned failures_of(const mq::Delivered& delivered) noexcept {
    return at_most_a_million(count_in(delivered.message.headers, "x-airy-attempts").value_or(0));
}

unsigned delivery_attempt(const mq::Delivered& delivered) noexcept {
    return failures_of(delivered) + returns_of(delivered) + 1;
}

milliseconds retry_delay(const RetryPolicy& policy, unsigned failures) noexcept {
    const util::Backoff backoff{std::max(policy.delay, shortest_retry_delay),
                                std::max(policy.longest_delay, shortest_retry_delay)};
    return backoff.delay(failures > 0 ? failures - 1 : 0);
}

Decision decide(Verdict verdict, History history, const RetryPolicy& policy,
                unsigned delivery_limit) noexcept {
    constexpr milliseconds now{0};
    switch (verdict) {
        case Verdict::success:
            return {Action::ack, now, false};
        case Verdict::reject:
            return {Action::dead_letter, now, true};
        case Verdict::requeue:
            return requeue(history, delivery_limit);
        case Verdict::retry:
            switch (policy.on_error) {
                case OnError::retry: {
                    const unsigned failures = history.failures + 1;
                    if (failures >= policy.max_attempts) return {Action::dead_letter, now, true};
                    return {Action::retry, retry_delay(policy, failures), true};
                }
                case OnError::requeue:
                    return requeue(history, delivery_limit);
                case OnError::dead_letter:
                    return {Action::dead_letter, now, true};
                case OnError::discard:
                    return {Action::discard, now, true};
            }
            break;
        case Verdict::cannot_run:
            return {Action::requeue, now, true};
        case Verdict::not_handled:
            break;
    }
    return {Action::give_back, now, false};
}

}  // namespace airy::work
