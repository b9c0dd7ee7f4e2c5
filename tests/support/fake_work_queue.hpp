// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "mq/work_queue.hpp"
#include "util/error.hpp"
#include "util/fd.hpp"

namespace airy::test {

// A work queue in memory that fails on command. Records each settlement with the message's body.
// Requeued messages come back, retried ones do not. Any thread.
class FakeWorkQueue final : public mq::WorkQueue {
  public:
    // Set these before the consumer begins.
    std::uint64_t part = 1;  // of deliveries from now on
    unsigned limit = 0;      // delivery_limit
    bool carries_out_retries = true;
    bool answers = true;             // Settled for each retry and dead letter, at once
    std::optional<Error> refusal{};  // NotSettled instead
    mq::NotSettled::Cause cause = mq::NotSettled::Cause::passing;
    bool close_answered = true;
    bool in_transit = false;  // the next message comes, and counts are answered, once this ends

    explicit FakeWorkQueue(std::string name = "work") : name_(std::move(name)) {}

    const std::string& name() const noexcept override { return name_; }
    void begin() override {}
    unsigned delivery_limit() const noexcept override { return limit; }
    bool retries() const noexcept override { return carries_out_retries; }
    int event_fd() const noexcept override { return wakeup_.fd(); }

    std::vector<mq::WorkQueueEvent> take() override {
        const std::lock_guard lock(mutex_);
        wakeup_.clear();
        auto events = std::exchange(events_, {});
        while (may_deliver() && !ready_.empty()) {
            auto delivered = std::move(ready_.front());
            ready_.pop_front();
            delivered.handle = {part, ++last_number_};
            unsettled_.emplace(delivered.handle, delivered);
            events.emplace_back(std::move(delivered));
        }
        if (!away_ && !in_transit)
            for (const auto question : std::exchange(questions_, {}))
                events.emplace_back(mq::Counted{question, ready_.size()});
        return events;
    }
    void set_prefetch(std::uint16_t most) override {
        const std::lock_guard lock(mutex_);
        prefetch_ = most;
        wakeup_.signal();
    }
    void settle(const mq::Delivered& delivered, mq::Settlement settlement) override {
        const std::lock_guard lock(mutex_);
        const auto found = unsettled_.find(delivered.handle);
        if (found == unsettled_.end()) {
            if (voided_ < delivered.handle) throw std::logic_error("settled twice");
            return;
        }
        settlements_.push_back({delivered.message.body, settlement});
        if (std::holds_alternative<mq::Ack>(settlement)) {
            unsettled_.erase(found);
        } else if (std::holds_alternative<mq::Requeue>(settlement)) {
            put_back(std::move(found->second));
            unsettled_.erase(found);
        } else {
            unanswered_.push_back(delivered.handle);
            if (answers) answer();
        }
        wakeup_.signal();
    }
    std::uint64_t count() override {
        const std::lock_guard lock(mutex_);
        questions_.push_back(++last_question_);
        wakeup_.signal();
        return last_question_;
    }
    void stop() override {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
    }
    bool close(std::chrono::milliseconds) noexcept override {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
        void_unsettled();
        return close_answered && !lost_;
    }

    void push(std::string body, std::string topic = "post.published",
              std::optional<std::string> message_id = {}) {
        mq::Delivered delivered;
        delivered.message.exchange = "airy.events";
        delivered.message.topic = std::move(topic);
        delivered.message.body = std::move(body);
        delivered.message.properties.message_id = std::move(message_id);
        push(std::move(delivered));
    }
    // Delivers a message with a past.
    void push(mq::Delivered delivered) {
        const std::lock_guard lock(mutex_);
        delivered.queue = name_;
        ready_.push_back(std::move(delivered));
        wakeup_.signal();
    }

    // Reports the outcome of each retry and dead letter that has none yet.
    void answer_all() {
        const std::lock_guard lock(mutex_);
        answer();
    }
    // Loses the connection: unsettled messages come again.
    void interrupt() {
        const std::lock_guard lock(mutex_);
        events_.push_back(mq::Interrupted{failure(), std::chrono::milliseconds(1), 0, part});
        void_unsettled();
        ++part;
        away_ = true;
        wakeup_.signal();
    }
    void restore() {
        const std::lock_guard lock(mutex_);
        away_ = false;
        events_.push_back(mq::Restored{});
        wakeup_.signal();
    }
    void lose() {
        const std::lock_guard lock(mutex_);
        lost_ = true;
        void_unsettled();
        end(mq::Lost{failure()});
    }
    void cancel() {
        const std::lock_guard lock(mutex_);
        end(mq::Cancelled{"queue deleted"});
    }

    // The message that was on its way has come whole.
    void arrive() {
        const std::lock_guard lock(mutex_);
        in_transit = false;
        wakeup_.signal();
    }

    std::size_t ready() const {
        const std::lock_guard lock(mutex_);
        return ready_.size();
    }
    std::size_t unsettled() const {
        const std::lock_guard lock(mutex_);
        return unsettled_.size();
    }
    struct Recorded {
        std::string body;
        mq::Settlement settlement;
    };
    std::vector<Recorded> settlements() const {
        const std::lock_guard lock(mutex_);
        return settlements_;
    }
    // The bodies of the messages with this settlement, in order.
    template <class Kind>
    std::vector<std::string> settled_by() const {
        const std::lock_guard lock(mutex_);
        std::vector<std::string> bodies;
        for (const auto& [body, settlement] : settlements_)
            if (std::holds_alternative<Kind>(settlement)) bodies.push_back(body);
        return bodies;
    }
    std::vector<std::string> acked() const { return settled_by<mq::Ack>(); }
    std::vector<std::string> dead_lettered() const { return settled_by<mq::DeadLetter>(); }
    std::vector<std::string> retried() const { return settled_by<mq::RetryAfter>(); }
    std::vector<std::string> requeued() const { return settled_by<mq::Requeue>(); }

  private:
    // The caller holds the lock for these.
    bool may_deliver() const {
        return !stopped_ && !away_ && !in_transit &&
               (prefetch_ == 0 || unsettled_.size() < prefetch_);
    }
    void put_back(mq::Delivered delivered) {
        ++delivered.returns;
        delivered.redelivered = true;
        ready_.push_front(std::move(delivered));
    }
    void void_unsettled() {
        for (auto at = unsettled_.rbegin(); at != unsettled_.rend(); ++at)
            put_back(std::move(at->second));
        unsettled_.clear();
        unanswered_.clear();
        voided_ = {part, last_number_};
    }
    void answer() {
        for (const auto handle : std::exchange(unanswered_, {})) {
            if (refusal) {
                events_.push_back(mq::NotSettled{handle, *refusal, cause});
            } else {
                unsettled_.erase(handle);
                events_.push_back(mq::Settled{handle, std::chrono::milliseconds(2)});
            }
        }
        wakeup_.signal();
    }
    void end(mq::WorkQueueEvent event) {
        stopped_ = true;
        events_.push_back(std::move(event));
        wakeup_.signal();
    }
    static std::exception_ptr failure() {
        return std::make_exception_ptr(Error(ErrorKind::unreachable, "the connection was lost"));
    }

    const std::string name_;
    mutable std::mutex mutex_;
    util::Wakeup wakeup_;
    std::size_t prefetch_ = 100;
    std::vector<std::uint64_t> questions_;
    std::uint64_t last_question_ = 0;
    std::deque<mq::Delivered> ready_;
    std::map<mq::DeliveryHandle, mq::Delivered> unsettled_;
    std::vector<mq::DeliveryHandle> unanswered_;
    std::uint64_t last_number_ = 0;
    mq::DeliveryHandle voided_{};  // this and earlier deliveries may be void
    std::vector<mq::WorkQueueEvent> events_;
    std::vector<Recorded> settlements_;
    bool stopped_ = false;
    bool away_ = false;
    bool lost_ = false;
};

}  // namespace airy::test
