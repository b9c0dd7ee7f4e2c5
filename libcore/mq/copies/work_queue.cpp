// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/copies/work_queue.hpp"

#include <poll.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "mq/copies/letter.hpp"
#include "mq/copies/queues.hpp"
#include "util/log.hpp"

namespace airy::mq::copies {
namespace {

// Retries return up to this part of their delay early, so that messages that failed together do not
// all return together.
constexpr double jitter = 0.05;
// A quorum queue counts each return of a message, also of one that no handler has seen. From this
// count on, a message that goes back for no fault of its own goes as a copy, which is counted anew.
// A copy loses its place in the queue; the queue's limit may be as low as this, by a policy that
// only the management API tells.
constexpr unsigned renewed_from = 2;
// The copies may take this part of the time for closing.
constexpr int copies_part = 2;

}  // namespace

CopyingWorkQueue::CopyingWorkQueue(Broker& broker, const WorkQueueSpec& spec)
    : broker_(broker), spec_(spec), random_(std::random_device()()) {
    const auto topology = broker.topology();
    if (spec_.declare)
        declare_work_queue(*topology, spec_);
    else
        topology->check_queue(spec_.name);
    events_.add(settled_wakeup_.fd());
    if (spec_.ephemeral) return;
    courier_.emplace(broker);
    events_.add(courier_->event_fd());
}

void CopyingWorkQueue::begin() {
    SubscribeOptions options;
    options.queue = spec_.name;
    options.prefetch = spec_.prefetch;
    if (spec_.declare) options.declarations = work_queue_declarations(spec_);
    subscription_ = broker_.subscribe(options);
    events_.add(subscription_->event_fd());
}

unsigned CopyingWorkQueue::delivery_limit() const noexcept {
    if (!spec_.declare || spec_.as_is) return limit_there_;
    return !spec_.ephemeral && spec_.type == "quorum" ? default_delivery_limit : 0;
}

std::vector<WorkQueueEvent> CopyingWorkQueue::take() {
    std::vector<WorkQueueEvent> out;
    if (!subscription_) return out;
    auto events = subscription_->take();
    out.reserve(events.size());
    for (auto& event : events) {
        if (auto* delivered = std::get_if<Delivered>(&event))
            note_past(*delivered);
        else if (const auto* interrupted = std::get_if<Interrupted>(&event))
            forget_part(interrupted->part);
        else if (std::holds_alternative<Lost>(event))
            leaving_.clear();
        std::visit([&out](auto& value) { out.emplace_back(std::move(value)); }, event);
    }
    if (courier_)
        for (auto& sent : courier_->take())
            conclude(std::move(sent), out);
    if (!settled_.empty()) {
        settled_wakeup_.clear();
        std::ranges::move(std::exchange(settled_, {}), std::back_inserter(out));
    }
    return out;
}

void CopyingWorkQueue::note_past(Delivered& delivered) const {
    auto& message = delivered.message;
    restore(message, delivered.queue);
    if (message.headers.empty() && !delivered.redelivered) return;
    read_past(delivered);
    // A classic queue tells only that the message has returned; airy counts the returns itself.
    if (delivered.redelivered && !counted_returns(message))
        delivered.returns = std::max(delivered.returns, returns_.of(message));
}

void CopyingWorkQueue::forget_part(std::uint64_t part) {
    std::erase_if(leaving_, [part](const auto& leaving) {
        return part == 0 || leaving.second.handle.part == part;
    });
}

void CopyingWorkQueue::settle(const Delivered& delivered, Settlement settlement) {
    std::visit([&](const auto& how) { carry_out(delivered, how); }, settlement);
}

void CopyingWorkQueue::carry_out(const Delivered& delivered, const Ack&) {
    returns_.forget(delivered.message);
    subscription_->settle(delivered.handle, Disposition::ack);
}

void CopyingWorkQueue::carry_out(const Delivered& delivered, const Requeue& requeue) {
    if (requeue.counts) returns_.returned(delivered.message, delivered.returns + 1);
    if (!requeue.counts && must_be_renewed(delivered)) {
        const auto returns = delivered.former_returns + delivered.returns + 1;
        return send(delivered.handle, Purpose::renewal,
                    renewed(delivered.message, returns, spec_.name), std::nullopt);
    }
    subscription_->settle(delivered.handle, Disposition::requeue);
}

bool CopyingWorkQueue::must_be_renewed(const Delivered& delivered) const {
    return courier_ && counted_returns(delivered.message).value_or(0) >= renewed_from;
}

void CopyingWorkQueue::carry_out(const Delivered& delivered, const RetryAfter& retry) {
    if (!courier_) throw std::logic_error("an ephemeral queue has no retries");
    const bool bounded = retry.at_most > retry.delay;
    auto into = retry_queue_spec(spec_, bounded ? retry.at_most : retry.delay);
    const Failure failure{spec_.name, delivered.attempts + 1,
                          delivered.former_returns + delivered.returns, retry.account,
                          delivered.first_failed_at};
    auto copy = retry_copy(delivered.message, failure, into.name);
    std::uniform_real_distribution<double> share(1 - jitter, 1);
    const auto part = bounded ? 1 : share(random_);
    const auto expiration = static_cast<double>(retry.delay.count()) * part;
    copy.properties.expiration = std::to_string(static_cast<std::int64_t>(expiration));
    send(delivered.handle, Purpose::retry, std::move(copy), std::move(into));
}

void CopyingWorkQueue::carry_out(const Delivered& delivered, const DeadLetter& death) {
    if (!courier_) {
        subscription_->settle(delivered.handle, Disposition::reject);
        settled_.emplace_back(Settled{delivered.handle});
        settled_wakeup_.signal();
        return;
    }
    auto into = dead_letter_queue_spec(spec_);
    const Failure failure{spec_.name, delivered.attempts + 1, 0, death.account,
                          delivered.first_failed_at};
    auto copy = dead_letter(delivered.message, failure, into.name);
    send(delivered.handle, Purpose::dead_letter, std::move(copy), std::move(into));
}

void CopyingWorkQueue::send(DeliveryHandle handle, Purpose purpose, event::Message copy,
                            std::optional<QueueSpec> into) {
    leaving_.emplace(++last_id_, Leaving{handle, purpose});
    // A retry queue must have its properties; a dead letter is safe in any queue of that name.
    const bool as_is = spec_.as_is && purpose != Purpose::retry;
    courier_->send(last_id_, std::move(copy), std::move(into), as_is);
}

void CopyingWorkQueue::conclude(Courier::Sent sent, std::vector<WorkQueueEvent>& out) {
    const auto found = leaving_.find(sent.id);
    if (found == leaving_.end()) return;  // void: the broker delivers it again
    const auto leaving = found->second;
    leaving_.erase(found);
    if (sent.error) return conclude_failed(leaving, std::move(sent), out);
    subscription_->settle(leaving.handle, Disposition::ack);
    if (leaving.purpose != Purpose::renewal)
        out.emplace_back(Settled{leaving.handle, sent.confirmed_after});
}

void CopyingWorkQueue::conclude_failed(const Leaving& leaving, Courier::Sent sent,
                                       std::vector<WorkQueueEvent>& out) {
    const auto& reason = *sent.error;
    if (leaving.purpose == Purpose::renewal) {
        subscription_->settle(leaving.handle, Disposition::requeue);
    } else if (leaving.purpose == Purpose::dead_letter && spec_.declare && !spec_.as_is) {
        // The queue is declared so that a rejected message goes to its dead-letter queue.
        util::log_warn("cannot write a dead letter: leaving it to the broker, without its account",
                       {{"queue", spec_.dead_letter_queue()}, {"reason", reason.what()}});
        subscription_->settle(leaving.handle, Disposition::reject);
        out.emplace_back(Settled{leaving.handle});
    } else if (leaving.purpose == Purpose::dead_letter && sent.copy) {
        util::log_warn("cannot write a dead letter with its account: writing it without",
                       {{"queue", spec_.dead_letter_queue()}, {"reason", reason.what()}});
        leave_out_account(*sent.copy);
        send(leaving.handle, Purpose::bare_dead_letter, std::move(*sent.copy),
             dead_letter_queue_spec(spec_));
    } else {
        out.emplace_back(NotSettled{leaving.handle, reason, sent.cause});
    }
}

// Waits for the renewals under way, while the subscription can still settle their deliveries.
void CopyingWorkQueue::finish_copies(std::chrono::milliseconds deadline) {
    using std::chrono::steady_clock;
    const auto until = steady_clock::now() + deadline;
    const auto left = [until] {
        const auto time = until - steady_clock::now();
        return std::max(std::chrono::milliseconds(0),
                        std::chrono::ceil<std::chrono::milliseconds>(time));
    };
    const auto is_renewal = [](const auto& leaving) {
        return leaving.second.purpose == Purpose::renewal;
    };
    const auto conclude_all = [this] {
        for (auto& sent : courier_->take())
            conclude(std::move(sent), settled_);
    };
    while (left().count() > 0 && std::ranges::any_of(leaving_, is_renewal)) {
        pollfd waiting{courier_->event_fd(), POLLIN, 0};
        ::poll(&waiting, 1, static_cast<int>(left().count()));
        conclude_all();
    }
    courier_->close(left());
    conclude_all();
    if (!settled_.empty()) settled_wakeup_.signal();
}

bool CopyingWorkQueue::close(std::chrono::milliseconds deadline) noexcept {
    if (!subscription_) return true;
    if (!courier_) return subscription_->close(deadline);
    const auto begun = std::chrono::steady_clock::now();
    finish_copies(deadline / copies_part);
    const auto took = std::chrono::steady_clock::now() - begun;
    return subscription_->close(deadline - std::chrono::floor<std::chrono::milliseconds>(took));
}

}  // namespace airy::mq::copies
