// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <exception>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "event/topic.hpp"
#include "mq/copies/broker.hpp"
#include "util/clock.hpp"
#include "util/error.hpp"
#include "util/fd.hpp"

namespace airy::test {

// A broker in memory: queues, bindings, unsettled deliveries, dead letters, and the ways in which a
// subscription ends. Any thread.
class FakeBroker final : public mq::copies::CopyingBroker {
  public:
    std::unique_ptr<mq::Publisher> publisher(const mq::PublisherOptions& options) override;
    std::unique_ptr<mq::Subscription> subscribe(const mq::SubscribeOptions& options) override;
    std::unique_ptr<mq::Topology> topology() override;
    mq::Inventory inventory(const mq::InventoryQuery&) override { return {}; }
    std::vector<std::string> alarms() override { return {}; }

    // Puts a message into a queue, which is made if it is not there.
    void push(const std::string& queue, std::string body, std::string topic = "post.published",
              std::optional<std::string> message_id = {});

    std::size_t ready(const std::string& queue) const;
    std::size_t unsettled(const std::string& queue) const;
    std::vector<std::string> bodies(const std::string& queue) const;         // what is ready
    std::vector<std::string> acked(const std::string& queue) const;          // in order of settling
    std::vector<std::string> dead_lettered(const std::string& queue) const;  // likewise
    std::size_t requeues(const std::string& queue) const;

    // Every connection is lost: what is unsettled is put back, later settlements are ignored.
    void lose_connections();
    // Every connection is lost, and made again when told: what is unsettled is put back.
    void interrupt_connections();
    void restore_connections();
    // The queue is deleted while it is consumed from.
    void cancel(const std::string& queue);
    // Whether closing a subscription reports that the broker answered.
    void set_close_answered(bool answered);

  private:
    class FakePublisher;
    class FakeSubscription;
    class FakeTopology;

    struct Stored {
        event::Message message;
        unsigned deliveries = 0;
    };
    struct Queue {
        mq::QueueSpec spec;
        std::deque<Stored> ready;
        std::vector<std::string> acked;
        std::vector<std::string> dead;
        std::size_t requeues = 0;
        std::vector<std::pair<std::string, std::string>> bindings;  // exchange, pattern
    };
    // Shared by the broker and what it has handed out, which may outlive it.
    struct State {
        mutable std::mutex mutex;
        std::map<std::string, Queue> queues;
        std::map<std::string, mq::ExchangeSpec> exchanges;
        std::vector<FakeSubscription*> subscriptions;
        std::uint64_t generation = 1;
        bool close_answered = true;

        bool route(const event::Message& message);
        void wake();
        const Queue& at(const std::string& name) const { return queues.at(name); }
    };
    std::shared_ptr<State> state_ = std::make_shared<State>();
};

class FakeBroker::FakeSubscription final : public mq::Subscription {
  public:
    FakeSubscription(std::shared_ptr<State> state, const mq::SubscribeOptions& options)
        : state_(std::move(state)), queue_(options.queue), prefetch_(options.prefetch) {
        const std::lock_guard lock(state_->mutex);
        generation_ = state_->generation;
        state_->subscriptions.push_back(this);
        state_->wake();
    }
    ~FakeSubscription() override {
        const std::lock_guard lock(state_->mutex);
        std::erase(state_->subscriptions, this);
        put_back();
    }

    const std::string& queue() const noexcept override { return queue_; }
    int event_fd() const noexcept override { return wakeup_.fd(); }

    std::vector<mq::SubscriptionEvent> take() override {
        const std::lock_guard lock(state_->mutex);
        wakeup_.clear();
        std::vector<mq::SubscriptionEvent> events = std::exchange(ending_, {});
        auto& queue = state_->queues[queue_];
        while (may_deliver() && !queue.ready.empty()) {
            Stored stored = std::move(queue.ready.front());
            queue.ready.pop_front();
            mq::Delivered delivered;
            delivered.message = stored.message;
            delivered.queue = queue_;
            delivered.redelivered = stored.deliveries > 0;
            if (stored.deliveries > 0 && queue.spec.type == "quorum") {
                delivered.message.has_headers = true;
                delivered.message.headers.push_back(
                    {"x-delivery-count", {std::int64_t{stored.deliveries}}});
            }
            delivered.received_at = util::system_clock().now();
            delivered.handle = {generation_, ++last_tag_};
            ++stored.deliveries;
            unsettled_.emplace(last_tag_, std::move(stored));
            events.emplace_back(std::move(delivered));
        }
        return events;
    }

    void settle(mq::DeliveryHandle delivery, mq::Disposition disposition) override {
        const std::lock_guard lock(state_->mutex);
        if (lost_ || interrupted_ || delivery.part != generation_) return;
        const auto found = unsettled_.find(delivery.number);
        if (found == unsettled_.end())
            throw Error(ErrorKind::general, "a delivery was settled twice");
        auto& queue = state_->queues[queue_];
        if (disposition == mq::Disposition::ack) queue.acked.push_back(found->second.message.body);
        if (disposition == mq::Disposition::reject)
            queue.dead.push_back(found->second.message.body);
        if (disposition == mq::Disposition::requeue) {
            ++queue.requeues;
            queue.ready.push_front(std::move(found->second));
        }
        unsettled_.erase(found);
        state_->wake();
    }

    void set_prefetch(std::uint16_t most) override {
        const std::lock_guard lock(state_->mutex);
        prefetch_ = most;
        wake();
    }

    void stop() override {
        const std::lock_guard lock(state_->mutex);
        stopped_ = true;
    }

    bool close(std::chrono::milliseconds) noexcept override {
        const std::lock_guard lock(state_->mutex);
        stopped_ = true;
        put_back();
        return state_->close_answered && !lost_;
    }

    // The state's lock is held for these.
    void interrupt(const std::exception_ptr& error) {
        put_back();
        interrupted_ = true;
        ending_.push_back(mq::Interrupted{error, std::chrono::milliseconds(1), 0, generation_});
        wakeup_.signal();
    }
    void restore() {
        generation_ = state_->generation;
        interrupted_ = false;
        ending_.push_back(mq::Restored{});
        wakeup_.signal();
    }
    void end(mq::SubscriptionEvent event, bool lost) {
        if (lost) put_back();
        lost_ = lost_ || lost;
        stopped_ = true;
        ending_.push_back(std::move(event));
        wakeup_.signal();
    }
    void wake() {
        if (may_deliver() && !state_->queues[queue_].ready.empty()) wakeup_.signal();
    }
    bool of(const std::string& queue) const { return queue_ == queue; }
    std::size_t unsettled() const { return unsettled_.size(); }

  private:
    bool may_deliver() const {
        return !stopped_ && !interrupted_ && (prefetch_ == 0 || unsettled_.size() < prefetch_);
    }
    void put_back() {
        auto& queue = state_->queues[queue_];
        for (auto at = unsettled_.rbegin(); at != unsettled_.rend(); ++at)
            queue.ready.push_front(std::move(at->second));
        unsettled_.clear();
        state_->wake();
    }

    std::shared_ptr<State> state_;
    std::string queue_;
    std::size_t prefetch_;
    util::Wakeup wakeup_;
    std::uint64_t generation_ = 0;
    std::uint64_t last_tag_ = 0;
    std::map<std::uint64_t, Stored> unsettled_;
    std::vector<mq::SubscriptionEvent> ending_;
    bool stopped_ = false;
    bool lost_ = false;
    bool interrupted_ = false;
};

// Confirms at once, or says that no queue was bound.
class FakeBroker::FakePublisher final : public mq::Publisher {
  public:
    FakePublisher(std::shared_ptr<State> state, mq::PublisherOptions options)
        : state_(std::move(state)), options_(std::move(options)) {}

    std::uint64_t try_submit(event::Message& message) override {
        const std::lock_guard lock(state_->mutex);
        const auto sequence = ++last_;
        if (!state_->route(message) && options_.mandatory)
            events_.emplace_back(mq::Unroutable{sequence, 312, "NO_ROUTE"});
        else
            events_.emplace_back(mq::Confirmed{sequence});
        message = {};
        wakeup_.signal();
        return sequence;
    }
    int event_fd() const noexcept override { return wakeup_.fd(); }
    std::vector<mq::PublisherEvent> take() override {
        const std::lock_guard lock(state_->mutex);
        wakeup_.clear();
        return std::exchange(events_, {});
    }
    std::size_t in_flight() const noexcept override {
        const std::lock_guard lock(state_->mutex);
        return events_.size();
    }
    void close(std::chrono::milliseconds) noexcept override {}

  private:
    std::shared_ptr<State> state_;
    mq::PublisherOptions options_;
    util::Wakeup wakeup_;
    std::uint64_t last_ = 0;
    std::vector<mq::PublisherEvent> events_;
};

class FakeBroker::FakeTopology final : public mq::Topology {
  public:
    explicit FakeTopology(std::shared_ptr<State> state) : state_(std::move(state)) {}

    void declare_exchange(const mq::ExchangeSpec& spec) override {
        const std::lock_guard lock(state_->mutex);
        const auto [at, fresh] = state_->exchanges.try_emplace(spec.name, spec);
        if (!fresh && at->second.type != spec.type) differs("exchange", spec.name);
    }
    void check_exchange(const std::string& name) override {
        const std::lock_guard lock(state_->mutex);
        if (!state_->exchanges.contains(name)) missing("exchange", name);
    }
    mq::QueueState declare_queue(const mq::QueueSpec& spec) override {
        const std::lock_guard lock(state_->mutex);
        const auto [at, fresh] = state_->queues.try_emplace(spec.name);
        if (fresh) at->second.spec = spec;
        const auto& is = at->second.spec;
        if (is.type != spec.type || is.durable != spec.durable || is.arguments != spec.arguments)
            differs("queue", spec.name);
        return {spec.name, at->second.ready.size(), 0};
    }
    mq::QueueState check_queue(const std::string& name) override {
        const std::lock_guard lock(state_->mutex);
        if (!state_->queues.contains(name)) missing("queue", name);
        return {name, state_->queues[name].ready.size(), 0};
    }
    void bind(const std::string& queue, const std::string& exchange,
              const std::string& pattern) override {
        const std::lock_guard lock(state_->mutex);
        if (!state_->queues.contains(queue)) missing("queue", queue);
        if (!state_->exchanges.contains(exchange)) missing("exchange", exchange);
        auto& bindings = state_->queues[queue].bindings;
        const std::pair binding(exchange, pattern);
        if (std::ranges::find(bindings, binding) == bindings.end()) bindings.push_back(binding);
    }
    void unbind(const std::string& queue, const std::string& exchange,
                const std::string& pattern) override {
        const std::lock_guard lock(state_->mutex);
        if (state_->queues.contains(queue))
            std::erase(state_->queues[queue].bindings, std::pair(exchange, pattern));
    }
    std::uint64_t delete_queue(const std::string& name, bool, bool) override {
        const std::lock_guard lock(state_->mutex);
        if (!state_->queues.contains(name)) missing("queue", name);
        const auto ready = state_->queues[name].ready.size();
        state_->queues.erase(name);
        return ready;
    }
    std::uint64_t purge_queue(const std::string& name) override {
        const std::lock_guard lock(state_->mutex);
        if (!state_->queues.contains(name)) missing("queue", name);
        return std::exchange(state_->queues[name].ready, {}).size();
    }
    void delete_exchange(const std::string& name) override {
        const std::lock_guard lock(state_->mutex);
        state_->exchanges.erase(name);
    }
    std::string server() const override { return "FakeBroker"; }

  private:
    [[noreturn]] static void missing(const std::string& kind, const std::string& name) {
        throw Error(ErrorKind::not_found, "there is no " + kind + " '" + name + "'");
    }
    [[noreturn]] static void differs(const std::string& kind, const std::string& name) {
        throw Error(ErrorKind::not_found, kind + " '" + name + "' has other properties");
    }
    std::shared_ptr<State> state_;
};

inline bool FakeBroker::State::route(const event::Message& message) {
    bool routed = false;
    for (auto& [name, queue] : queues) {
        const bool bound = std::ranges::any_of(queue.bindings, [&](const auto& binding) {
            return binding.first == message.exchange &&
                   event::matches(binding.second, message.topic);
        });
        if (!bound && !(message.exchange.empty() && message.topic == name)) continue;
        queue.ready.push_back({message});
        routed = true;
    }
    wake();
    return routed;
}

inline void FakeBroker::State::wake() {
    for (auto* subscription : subscriptions)
        subscription->wake();
}

inline std::unique_ptr<mq::Publisher> FakeBroker::publisher(const mq::PublisherOptions& options) {
    return std::make_unique<FakePublisher>(state_, options);
}
inline std::unique_ptr<mq::Subscription> FakeBroker::subscribe(
    const mq::SubscribeOptions& options) {
    return std::make_unique<FakeSubscription>(state_, options);
}
inline std::unique_ptr<mq::Topology> FakeBroker::topology() {
    return std::make_unique<FakeTopology>(state_);
}

inline void FakeBroker::push(const std::string& queue, std::string body, std::string topic,
                             std::optional<std::string> message_id) {
    const std::lock_guard lock(state_->mutex);
    event::Message message;
    message.exchange = "airy.events";
    message.topic = std::move(topic);
    message.body = std::move(body);
    message.properties.message_id = std::move(message_id);
    state_->queues[queue].ready.push_back({std::move(message)});
    state_->wake();
}
inline std::size_t FakeBroker::ready(const std::string& queue) const {
    const std::lock_guard lock(state_->mutex);
    return state_->at(queue).ready.size();
}
inline std::size_t FakeBroker::unsettled(const std::string& queue) const {
    const std::lock_guard lock(state_->mutex);
    std::size_t sum = 0;
    for (const auto* subscription : state_->subscriptions)
        if (subscription->of(queue)) sum += subscription->unsettled();
    return sum;
}
inline std::vector<std::string> FakeBroker::bodies(const std::string& queue) const {
    const std::lock_guard lock(state_->mutex);
    std::vector<std::string> all;
    for (const auto& stored : state_->at(queue).ready)
        all.push_back(stored.message.body);
    return all;
}
inline std::vector<std::string> FakeBroker::acked(const std::string& queue) const {
    const std::lock_guard lock(state_->mutex);
    return state_->at(queue).acked;
}
inline std::vector<std::string> FakeBroker::dead_lettered(const std::string& queue) const {
    const std::lock_guard lock(state_->mutex);
    return state_->at(queue).dead;
}
inline std::size_t FakeBroker::requeues(const std::string& queue) const {
    const std::lock_guard lock(state_->mutex);
    return state_->at(queue).requeues;
}
inline void FakeBroker::lose_connections() {
    const std::lock_guard lock(state_->mutex);
    ++state_->generation;
    const auto error =
        std::make_exception_ptr(Error(ErrorKind::unreachable, "the connection was lost"));
    for (auto* subscription : state_->subscriptions)
        subscription->end(mq::Lost{error}, true);
}
inline void FakeBroker::interrupt_connections() {
    const std::lock_guard lock(state_->mutex);
    ++state_->generation;
    const auto error =
        std::make_exception_ptr(Error(ErrorKind::unreachable, "the connection was lost"));
    for (auto* subscription : state_->subscriptions)
        subscription->interrupt(error);
}
inline void FakeBroker::restore_connections() {
    const std::lock_guard lock(state_->mutex);
    for (auto* subscription : state_->subscriptions)
        subscription->restore();
}
inline void FakeBroker::cancel(const std::string& queue) {
    const std::lock_guard lock(state_->mutex);
    for (auto* subscription : state_->subscriptions)
        if (subscription->of(queue)) subscription->end(mq::Cancelled{"queue deleted"}, false);
}
inline void FakeBroker::set_close_answered(bool answered) {
    const std::lock_guard lock(state_->mutex);
    state_->close_answered = answered;
}

}  // namespace airy::test
