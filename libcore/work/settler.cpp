// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/settler.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace airy::work {
namespace {

using std::chrono::milliseconds;

// The time after its delay in which a retried message may still be on its way back.
constexpr milliseconds way_back{250};
// The wait before another attempt of a message that was given up and could not be kept.
constexpr milliseconds unkept_delay{1000};

}  // namespace

Settler::Settler(mq::WorkQueue& queue, InFlight& in_flight, ConsumerObserver& observer,
                 const RetryPolicy& policy, const util::Clock& clock)
    : queue_(queue), in_flight_(in_flight), observer_(observer), policy_(policy), clock_(clock) {}

Decision Settler::decide(const mq::Delivered& delivered, const HandlerResult& result) const {
    History history;
    history.returns = delivered.returns;
    // Where the broker carries out no retries, a message is retried by going back to its queue.
    history.failures = queue_.retries() ? delivered.attempts : delivered.returns;
    return work::decide(result.verdict, history, policy_, queue_.delivery_limit(),
                        result.retry_after);
}

void Settler::carry_out(mq::Delivered&& delivered, const HandlerResult& result,
                        const Decision& decision, const Course& course) {
    if (in_flight_.is_void(delivered.handle)) return lose(delivered, course);
    if (decision.failure) {
        ++counts_.failed;
        observer_.failed(delivered, result, decision);
    }
    switch (decision.action) {
        case Action::ack:
            ++counts_.handled;
            settle(delivered, mq::Ack{});
            return observer_.concluded(delivered, Conclusion::ack, course);
        case Action::discard:
            ++counts_.discarded;
            settle(delivered, mq::Ack{});
            return observer_.concluded(delivered, Conclusion::discard, course);
        case Action::give_back:
            give_back(delivered);
            return observer_.concluded(delivered, Conclusion::give_back, course);
        case Action::retry:
            if (queue_.retries())
                return carry_out_copy(std::move(delivered), result, decision, course);
            [[fallthrough]];
        case Action::requeue:
            ++counts_.retried;
            observer_.concluded(delivered, Conclusion::retry, course);
            return put_back(std::move(delivered), decision.delay);
        case Action::keep:
            return keep(std::move(delivered), result, decision, course);
        case Action::dead_letter:
            return carry_out_copy(std::move(delivered), result, decision, course);
    }
}

// Holds the message for its next attempt. What this consumer cannot hold goes back to the queue.
void Settler::keep(mq::Delivered&& delivered, const HandlerResult& result, const Decision& decision,
                   const Course& course) {
    if (!decision.failure && !holding_) {
        give_back(delivered);
        return observer_.concluded(delivered, Conclusion::give_back, course);
    }
    if (decision.failure) {
        ++counts_.retried;
        observer_.concluded(delivered, Conclusion::retry, course);
        if (!holding_) return settle(delivered, mq::Requeue{});
        if (!delivered.first_failed_at) delivered.first_failed_at = clock_.now();
        const bool attempt = result.verdict == Verdict::retry && queue_.retries();
        ++(attempt ? delivered.attempts : delivered.returns);
    }
    hold({.delivered = std::move(delivered)}, Next::handle_again, decision.delay);
}

// Counts and concludes once there is an outcome.
void Settler::carry_out_copy(mq::Delivered&& delivered, const HandlerResult& result,
                             const Decision& decision, const Course& course) {
    mq::FailureAccount account{std::string(why(result.verdict, policy_)), result.detail.line,
                               result.detail.code, clock_.now()};
    settle_copy({std::move(delivered), decision.action, decision.delay, course, std::move(account),
                 decision.at_most});
}

void Settler::settle_copy(Outstanding&& message) {
    mq::Settlement settlement = mq::DeadLetter{message.account};
    if (message.action == Action::retry)
        settlement = mq::RetryAfter{message.delay, message.account, message.at_most};
    const auto handle = message.delivered.handle;
    const auto at = outstanding_.insert_or_assign(handle, std::move(message)).first;
    queue_.settle(at->second.delivered, std::move(settlement));
}

void Settler::settle(const mq::Delivered& delivered, mq::Settlement settlement) {
    if (!in_flight_.is_void(delivered.handle)) queue_.settle(delivered, std::move(settlement));
    in_flight_.settled(delivered.handle);
}

void Settler::skip(const mq::Delivered& duplicate) {
    ++counts_.duplicates;
    observer_.concluded(duplicate, Conclusion::duplicate, {});
    settle(duplicate, mq::Ack{});
}

void Settler::give_back(const mq::Delivered& delivered) {
    ++counts_.not_handled;
    renew(delivered);
}

void Settler::lose(const mq::Delivered& delivered, const Course& course) {
    ++counts_.not_handled;
    in_flight_.settled(delivered.handle);
    observer_.concluded(delivered, Conclusion::lost, course);
}

void Settler::put_back(mq::Delivered&& delivered, milliseconds delay) {
    if (delay > milliseconds(0) && holding_)
        hold({.delivered = std::move(delivered)}, Next::put_back, delay);
    else
        settle(delivered, mq::Requeue{});
}

void Settler::hold(Outstanding&& message, Next next, milliseconds delay) {
    if (next == Next::settle_again) ++unkept_;
    held_.emplace(clock_.steady() + delay, Held{std::move(message), next});
}

void Settler::let_go(Held&& held) {
    switch (held.next) {
        case Next::put_back:
            return settle(held.message.delivered, mq::Requeue{});
        case Next::handle_again:
            again_.push_back(std::move(held.message.delivered));
            return;
        case Next::settle_again:
            --unkept_;
            return settle_copy(std::move(held.message));
    }
}

void Settler::take(const mq::Settled& settled) {
    auto found = outstanding_.extract(settled.handle);
    if (!found) return;
    const auto& [delivered, action, delay, course, account, at_most] = found.mapped();
    const bool retry = action == Action::retry;
    if (settled.confirmed_after) observer_.copied(*settled.confirmed_after);
    ++(retry ? counts_.retried : counts_.dead_lettered);
    observer_.concluded(delivered, retry ? Conclusion::retry : Conclusion::dead_letter, course);
    if (retry)
        last_retry_due_ =
            std::max(last_retry_due_, clock_.steady() + std::max(delay, at_most) + way_back);
    in_flight_.settled(delivered.handle);
}

std::optional<Error> Settler::take(const mq::NotSettled& not_settled) {
    using Cause = mq::NotSettled::Cause;
    auto found = outstanding_.extract(not_settled.handle);
    if (!found) return std::nullopt;
    auto& message = found.mapped();
    const bool retry = message.action == Action::retry;
    const bool hopeless =
        not_settled.cause == Cause::refused || (not_settled.cause == Cause::message && !retry);
    if (!hopeless) observer_.not_settled(message.delivered, message.action, not_settled.error);
    if (!retry && !hopeless && holding_) {
        const auto delay = std::max(message.delay, unkept_delay);
        hold(std::move(message), Next::settle_again, delay);
        return std::nullopt;
    }
    ++counts_.retried;
    observer_.concluded(message.delivered, Conclusion::retry, message.course);
    if (hopeless || !holding_) {
        settle(message.delivered, mq::Requeue{});
        return hopeless ? std::optional(not_settled.error) : std::nullopt;
    }
    ++message.delivered.attempts;
    const auto delay =
        not_settled.cause == Cause::message ? message.delay : std::max(message.delay, unkept_delay);
    hold(std::move(message), Next::handle_again, delay);
    return std::nullopt;
}

void Settler::interrupted() {
    for (auto at = held_.begin(); at != held_.end();) {
        const auto& [message, next] = at->second;
        if (!in_flight_.is_void(message.delivered.handle)) {
            ++at;
            continue;
        }
        if (next == Next::settle_again) {
            --unkept_;
            lose(message.delivered, message.course);
        } else {
            in_flight_.settled(message.delivered.handle);
        }
        at = held_.erase(at);
    }
    for (auto at = outstanding_.begin(); at != outstanding_.end();) {
        if (in_flight_.is_void(at->first)) {
            lose(at->second.delivered, at->second.course);
            at = outstanding_.erase(at);
        } else {
            ++at;
        }
    }
}

bool Settler::release_due() {
    const auto now = clock_.steady();
    const auto held = held_.size();
    while (!held_.empty() && held_.begin()->first <= now) {
        auto due = held_.extract(held_.begin());
        let_go(std::move(due.mapped()));
    }
    return held_.size() < held;
}

void Settler::release_all() {
    holding_ = false;
    unkept_ = 0;
    for (const auto& [due, held] : std::exchange(held_, {})) {
        if (held.next == Next::settle_again) {
            ++counts_.retried;
            observer_.concluded(held.message.delivered, Conclusion::retry, held.message.course);
        }
        settle(held.message.delivered, mq::Requeue{});
    }
    for (const auto& delivered : take_again())
        settle(delivered, mq::Requeue{});
}

void Settler::closed() {
    for (const auto& [handle, outstanding] : outstanding_) {
        ++counts_.retried;
        in_flight_.settled(handle);
        observer_.concluded(outstanding.delivered, Conclusion::retry, outstanding.course);
    }
    outstanding_.clear();
}

util::SteadyTime Settler::next_due() const {
    auto due = held_.empty() ? util::SteadyTime::max() : held_.begin()->first;
    if (last_retry_due_ > clock_.steady()) due = std::min(due, last_retry_due_);
    return due;
}

bool Settler::idle() const {
    return held_.empty() && outstanding_.empty() && clock_.steady() >= last_retry_due_;
}

}  // namespace airy::work
