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
        case Action::dead_letter:
            return carry_out_copy(std::move(delivered), result, decision, course);
    }
}

// Counts and concludes once there is an outcome.
void Settler::carry_out_copy(mq::Delivered&& delivered, const HandlerResult& result,
                             const Decision& decision, const Course& course) {
    mq::FailureAccount account{std::string(why(result.verdict, policy_)), result.detail.line,
                               result.detail.code, clock_.now()};
    mq::Settlement settlement = mq::DeadLetter{std::move(account)};
    if (decision.action == Action::retry)
        settlement =
            mq::RetryAfter{decision.delay, std::move(std::get<mq::DeadLetter>(settlement).account)};
    const auto handle = delivered.handle;
    const auto at = outstanding_
                        .insert_or_assign(handle, Outstanding{std::move(delivered), decision.action,
                                                              decision.delay, course})
                        .first;
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
    settle(delivered, mq::Requeue{.counts = false});
}

void Settler::lose(const mq::Delivered& delivered, const Course& course) {
    ++counts_.not_handled;
    in_flight_.settled(delivered.handle);
    observer_.concluded(delivered, Conclusion::lost, course);
}

void Settler::put_back(mq::Delivered&& delivered, milliseconds delay) {
    if (delay > milliseconds(0) && holding_)
        held_.emplace(clock_.steady() + delay, std::move(delivered));
    else
        settle(delivered, mq::Requeue{});
}

void Settler::take(const mq::Settled& settled) {
    auto found = outstanding_.extract(settled.handle);
    if (!found) return;
    const auto& [delivered, action, delay, course] = found.mapped();
    const bool retry = action == Action::retry;
    if (settled.confirmed_after) observer_.copied(*settled.confirmed_after);
    ++(retry ? counts_.retried : counts_.dead_lettered);
    observer_.concluded(delivered, retry ? Conclusion::retry : Conclusion::dead_letter, course);
    if (retry) last_retry_due_ = std::max(last_retry_due_, clock_.steady() + delay + way_back);
    in_flight_.settled(delivered.handle);
}

void Settler::take(const mq::NotSettled& not_settled) {
    auto found = outstanding_.extract(not_settled.handle);
    if (!found) return;
    auto& [delivered, action, delay, course] = found.mapped();
    observer_.not_settled(delivered, action, not_settled.error);
    ++counts_.retried;
    observer_.concluded(delivered, Conclusion::retry, course);
    put_back(std::move(delivered), std::max(delay, unkept_delay));
}

void Settler::interrupted() {
    for (auto at = held_.begin(); at != held_.end();) {
        const auto handle = at->second.handle;
        if (in_flight_.is_void(handle)) {
            in_flight_.settled(handle);
            at = held_.erase(at);
        } else {
            ++at;
        }
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
        settle(held_.begin()->second, mq::Requeue{});
        held_.erase(held_.begin());
    }
    return held_.size() < held;
}

void Settler::release_all() {
    holding_ = false;
    for (const auto& [due, delivered] : held_)
        settle(delivered, mq::Requeue{});
    held_.clear();
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
