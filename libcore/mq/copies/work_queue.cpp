// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/copies/work_queue.hpp"

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
    const bool declared = spec_.declare && !spec_.ephemeral && spec_.type == "quorum";
    return declared ? default_delivery_limit : 0;
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
        std::visit([&out](auto& value) { out.emplace_back(std::move(value)); }, event);
    }
    if (courier_)
        for (const auto& sent : courier_->take())
            conclude(sent, out);
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
    subscription_->settle(delivered.handle, Disposition::requeue);
}

void CopyingWorkQueue::carry_out(const Delivered& delivered, const RetryAfter& retry) {
    if (!courier_) throw std::logic_error("an ephemeral queue has no retries");
    auto into = retry_queue_spec(spec_, retry.delay);
    const Failure failure{spec_.name, delivered.attempts + 1, retry.account};
    auto copy = retry_copy(delivered.message, failure, into.name);
    std::uniform_real_distribution<double> share(1 - jitter, 1);
    const auto expiration = static_cast<double>(retry.delay.count()) * share(random_);
    copy.properties.expiration = std::to_string(static_cast<std::int64_t>(expiration));
    const auto id = leave(delivered, true, into.name);
    courier_->send(id, std::move(copy), std::move(into));
}

void CopyingWorkQueue::carry_out(const Delivered& delivered, const DeadLetter& death) {
    if (!courier_) {
        subscription_->settle(delivered.handle, Disposition::reject);
        settled_.emplace_back(Settled{delivered.handle});
        settled_wakeup_.signal();
        return;
    }
    auto into = dead_letter_queue_spec(spec_);
    const Failure failure{spec_.name, delivered.attempts + 1, death.account};
    auto copy = dead_letter(delivered.message, failure, into.name);
    const auto id = leave(delivered, false, into.name);
    courier_->send(id, std::move(copy), std::move(into));
}

std::uint64_t CopyingWorkQueue::leave(const Delivered& delivered, bool retry,
                                      const std::string& into) {
    leaving_.emplace(++last_id_, Leaving{delivered.handle, retry, into});
    return last_id_;
}

void CopyingWorkQueue::conclude(const Courier::Sent& sent, std::vector<WorkQueueEvent>& out) {
    const auto found = leaving_.find(sent.id);
    if (found == leaving_.end()) return;  // void: the broker delivers it again
    const auto leaving = std::move(found->second);
    leaving_.erase(found);
    if (!sent.error) {
        subscription_->settle(leaving.handle, Disposition::ack);
        out.emplace_back(Settled{leaving.handle, sent.confirmed_after});
    } else if (!leaving.retry && spec_.declare) {
        // The queue is declared so that a rejected message goes to its dead-letter queue.
        util::log_warn("cannot write a dead letter: leaving it to the broker",
                       {{"queue", leaving.into}, {"reason", sent.error->what()}});
        subscription_->settle(leaving.handle, Disposition::reject);
        out.emplace_back(Settled{leaving.handle});
    } else {
        out.emplace_back(NotSettled{leaving.handle, *sent.error});
    }
}

bool CopyingWorkQueue::close(std::chrono::milliseconds deadline) noexcept {
    if (courier_) {
        courier_->close(deadline);
        // While the subscription can still carry out what becomes of these deliveries.
        for (const auto& sent : courier_->take())
            conclude(sent, settled_);
        if (!settled_.empty()) settled_wakeup_.signal();
    }
    return !subscription_ || subscription_->close(deadline);
}

}  // namespace airy::mq::copies
