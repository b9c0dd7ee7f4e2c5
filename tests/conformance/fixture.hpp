// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <doctest/doctest.h>
#include <poll.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "mq/broker.hpp"
#include "tests/support/header_order.hpp"
#include "util/error.hpp"
#include "util/uuid.hpp"

// Tests for every mq::Broker; AIRY_TEST_URL names the broker. Each case has names of its own, so
// that cases can run side by side on one broker.
namespace airy::mq {

using namespace std::chrono_literals;

inline constexpr auto patience = 20s;
inline constexpr auto close_deadline = 10s;

inline std::string fresh(const std::string& kind) {
    return "airy.conformance." + kind + "." + util::uuid_v4();
}

inline event::HeaderTable headers_of_every_type() {
    return {{"text", {std::string("grüße")}},
            {"yes", {true}},
            {"int32", {std::int32_t{-7}}},
            {"int64", {std::int64_t{9'007'199'254'740'993}}},
            {"double", {0.1}},
            {"time", {event::HeaderTimestamp{1'700'000'000}}},
            {"nothing", {std::monostate{}}},
            {"list", {event::HeaderArray{{std::string("a")}, {std::int64_t{1}}}}},
            {"table", {event::HeaderTable{{"k", {std::string("v")}}}}}};
}

// One broker with an exchange of its own; deletes everything that it declared.
class Fixture {
  public:
    Fixture() {
        const char* url = std::getenv("AIRY_TEST_URL");
        REQUIRE_MESSAGE(url != nullptr, "AIRY_TEST_URL must name a broker (scripts/test does it)");
        endpoint_.url = url;
        endpoint_.connection_name = "airy/conformance";
        broker_ = connect(endpoint_);
        topology_ = broker_->topology();
        topology_->declare_exchange({exchange_, "topic", true});
    }

    ~Fixture() {
        for (const auto& queue : queues_)
            try {
                topology_->delete_queue(queue, false, false);
            } catch (const Error&) {
            }
        try {
            topology_->delete_exchange(exchange_);
        } catch (const Error&) {
        }
    }

    // Its quorum queues have a delivery limit always, and the broker keeps its own account of
    // deaths.
    bool is_rabbitmq_4() const { return topology_->server().starts_with("RabbitMQ 4"); }

    Fixture(const Fixture&) = delete;
    Fixture& operator=(const Fixture&) = delete;

    std::string queue(const std::string& pattern, event::HeaderTable arguments = {},
                      const std::string& type = "quorum") {
        QueueSpec spec;
        spec.name = fresh("queue");
        spec.type = type;
        spec.arguments = std::move(arguments);
        declare(spec);
        topology_->bind(spec.name, exchange_, pattern);
        return spec.name;
    }

    void declare(const QueueSpec& spec) {
        topology_->declare_queue(spec);
        queues_.push_back(spec.name);
    }

    std::unique_ptr<Publisher> publisher(std::size_t window = 1000) {
        PublisherOptions options;
        options.exchange.name = exchange_;
        options.window = window;
        return broker_->publisher(options);
    }

    std::unique_ptr<Subscription> subscribe(const std::string& queue,
                                            std::uint16_t prefetch = 100) {
        SubscribeOptions options;
        options.queue = queue;
        options.prefetch = prefetch;
        return broker_->subscribe(options);
    }

    std::unique_ptr<Subscription> listen(std::vector<std::string> patterns) {
        SubscribeOptions options;
        options.exchange.name = exchange_;
        options.patterns = std::move(patterns);
        return broker_->subscribe(options);
    }

    event::Message message(const std::string& topic, const std::string& body = "{}") const {
        event::Message message;
        message.exchange = exchange_;
        message.topic = topic;
        message.body = body;
        message.properties.delivery_mode = 2;
        return message;
    }

    Broker& broker() { return *broker_; }
    Topology& topology() { return *topology_; }
    const Endpoint& endpoint() const { return endpoint_; }
    const std::string& exchange() const { return exchange_; }
    void forget(const std::string& queue) { std::erase(queues_, queue); }

  private:
    Endpoint endpoint_;
    std::string exchange_ = fresh("exchange");
    std::unique_ptr<Broker> broker_;
    std::unique_ptr<Topology> topology_;
    std::vector<std::string> queues_;
};

// Takes events until `enough` returns true for all of them; fails the case when that lasts too
// long.
template <typename Source>
auto take_until(Source& source, const std::function<bool(const decltype(source.take())&)>& enough,
                std::chrono::milliseconds limit = patience) {
    auto events = source.take();
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!enough(events) && std::chrono::steady_clock::now() < deadline) {
        pollfd ready{source.event_fd(), POLLIN, 0};
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(
            deadline - std::chrono::steady_clock::now());
        ::poll(&ready, 1, static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 100)));
        for (auto& event : source.take())
            events.push_back(std::move(event));
    }
    return events;
}

inline std::vector<Delivered> deliveries(Subscription& subscription, std::size_t count,
                                         std::chrono::milliseconds limit = patience) {
    std::vector<Delivered> all;
    for (auto& event : take_until(
             subscription, [count](const auto& events) { return events.size() >= count; }, limit))
        all.push_back(std::get<Delivered>(std::move(event)));
    return all;
}

inline std::vector<PublisherEvent> outcomes(Publisher& publisher, std::size_t count) {
    return take_until(publisher, [count](const auto& events) { return events.size() >= count; });
}

// Publishes and waits for the outcomes, each of which must be Confirmed.
inline void publish(Publisher& publisher, std::vector<event::Message> messages) {
    std::size_t confirmed = 0;
    for (auto& message : messages) {
        while (publisher.try_submit(message) == 0)
            confirmed += outcomes(publisher, 1).size();
    }
    if (confirmed < messages.size())
        confirmed += outcomes(publisher, messages.size() - confirmed).size();
    REQUIRE(confirmed == messages.size());
    REQUIRE(publisher.in_flight() == 0);
}

inline bool fails_with(ErrorKind kind, const std::function<void()>& action) {
    try {
        action();
    } catch (const Error& error) {
        INFO(error.what());
        CHECK(error.kind() == kind);
        return error.kind() == kind;
    }
    return false;
}

inline std::uint64_t ready(Fixture& fixture, const std::string& queue) {
    return fixture.topology().check_queue(queue).ready;
}

// Waits until the queue holds so many: messages that a closed connection gave back come a moment
// later.
inline bool becomes_ready(Fixture& fixture, const std::string& queue, std::uint64_t count) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (ready(fixture, queue) != count)
        if (std::chrono::steady_clock::now() >= deadline) return false;
    return true;
}

// Null when the table has no such field.
inline const event::HeaderValue* field(const event::HeaderTable& table, const std::string& name) {
    const auto found = std::ranges::find(table, name, &event::HeaderField::first);
    return found == table.end() ? nullptr : &found->second;
}

// Empty when the table has no such text.
inline std::string text(const event::HeaderTable& table, const std::string& name) {
    const auto* value = field(table, name);
    const auto* out = value ? std::get_if<std::string>(&value->value) : nullptr;
    return out ? *out : std::string();
}

// The entries of x-death, the newest first.
inline std::vector<event::HeaderTable> deaths(const Delivered& delivered) {
    std::vector<event::HeaderTable> all;
    const auto* list = field(delivered.message.headers, "x-death");
    if (list == nullptr) return all;
    for (const auto& entry : std::get<event::HeaderArray>(list->value))
        all.push_back(std::get<event::HeaderTable>(entry.value));
    return all;
}

inline event::HeaderTable newest_death(const Delivered& delivered) {
    const auto all = deaths(delivered);
    REQUIRE_FALSE(all.empty());
    return all.front();
}

inline event::HeaderTable dead_letter_to(const std::string& queue) {
    return {{"x-dead-letter-exchange", {std::string()}}, {"x-dead-letter-routing-key", {queue}}};
}

}  // namespace airy::mq
