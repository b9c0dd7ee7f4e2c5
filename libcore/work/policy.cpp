// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/policy.hpp"

#include <algorithm>

#include "util/backoff.hpp"

namespace airy::work {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds longest_wanted = std::chrono::hours(24 * 7);

constexpr util::Backoff requeue_backoff{milliseconds(250), milliseconds(10'000)};

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

Decision retry_within(const RetryPolicy& policy, milliseconds wanted) noexcept {
    const auto delay = std::clamp(wanted, shortest_retry_delay, longest_wanted);
    return {Action::retry, delay, true, rounded_up(policy, delay)};
}

}  // namespace

milliseconds retry_delay(const RetryPolicy& policy, unsigned failures) noexcept {
    const util::Backoff backoff{std::max(policy.delay, shortest_retry_delay),
                                std::max(policy.longest_delay, shortest_retry_delay)};
    return backoff.delay(failures > 0 ? failures - 1 : 0);
}

milliseconds rounded_up(const RetryPolicy& policy, milliseconds wanted) noexcept {
    const auto first = std::max(policy.delay, shortest_retry_delay);
    const auto longest = std::max(policy.longest_delay, shortest_retry_delay);
    auto delay = std::min(first, longest);
    while (delay < wanted) {
        const auto next = delay * 2;
        delay = delay < longest ? std::min(next, longest) : next;
    }
    return delay;
}

std::string_view why(Verdict verdict, const RetryPolicy& policy) noexcept {
    if (verdict == Verdict::reject) return "rejected";
    if (verdict == Verdict::requeue || policy.on_error == OnError::requeue) return "delivery-limit";
    return policy.on_error == OnError::dead_letter ? "on-error" : "attempts";
}

namespace {

Decision by_verdict(Verdict verdict, History history, const RetryPolicy& policy,
                    unsigned delivery_limit, std::optional<milliseconds> retry_after) noexcept {
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
                    if (retry_after) return retry_within(policy, *retry_after);
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
            return {Action::give_back, now, true};
        case Verdict::not_handled:
        case Verdict::alone:
        case Verdict::unavailable:
            break;
    }
    return {Action::give_back, now, false};
}

bool leaves(Action action) noexcept {
    return action == Action::retry || action == Action::requeue || action == Action::give_back;
}

}  // namespace

Decision decide(Verdict verdict, History history, const RetryPolicy& policy,
                unsigned delivery_limit, std::optional<milliseconds> retry_after) noexcept {
    auto decision = by_verdict(verdict, history, policy, delivery_limit, retry_after);
    if (policy.in_place && verdict != Verdict::cannot_run && leaves(decision.action))
        decision.action = Action::keep;
    return decision;
}

}  // namespace airy::work
