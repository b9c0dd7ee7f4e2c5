// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>
#include <poll.h>

#include <algorithm>
#include <functional>
#include <set>

#include "mq/broker.hpp"
#include "private_rabbit.hpp"
#include "util/error.hpp"

// Connections whose RabbitMQ fails.
namespace airy::mq {
namespace {

using namespace std::chrono_literals;
using test::PrivateRabbit;

constexpr auto patience = 30s;

// One node for all cases: each leaves it running.
PrivateRabbit& node() {
    static PrivateRabbit rabbit;
    return rabbit;
}

Endpoint endpoint(std::chrono::seconds heartbeat = 30s) {
    Endpoint endpoint;
    endpoint.url = node().url();
    endpoint.heartbeat = heartbeat;
    return endpoint;
}

// A durable queue that takes every event of its own exchange.
std::string declare(Broker& broker, const std::string& name) {
    const auto topology = broker.topology();
    topology->declare_exchange({name, "topic", true});
    QueueSpec spec;
    spec.name = name;
    topology->declare_queue(spec);
    topology->bind(name, name, "#");
    return name;
}

event::Message message(const std::string& exchange, const std::string& body) {
    event::Message message;
    message.exchange = exchange;
    message.topic = "post.published";
    message.properties.delivery_mode = 2;
    message.body = body;
    return message;
}

std::unique_ptr<Publisher> publisher(Broker& broker, const std::string& exchange) {
    PublisherOptions options;
    options.exchange.name = exchange;
    return broker.publisher(options);
}

std::unique_ptr<Subscription> subscribe(Broker& broker, const std::string& queue) {
    SubscribeOptions options;
    options.queue = queue;
    return broker.subscribe(options);
}

// Takes events until one of this kind is the last of them; false when the time is up.
template <typename Event, typename Source, typename Events>
bool take_until(Source& source, Events& events, std::chrono::milliseconds limit = patience) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (std::chrono::steady_clock::now() < deadline) {
        for (auto& event : source.take())
            events.push_back(std::move(event));
        if (!events.empty() && std::holds_alternative<Event>(events.back())) return true;
        pollfd ready{source.event_fd(), POLLIN, 0};
        ::poll(&ready, 1, 100);
    }
    return false;
}

// The error of the `Lost` that must come, and be the last to come.
template <typename Source>
std::string lost_because(Source& source, std::chrono::milliseconds limit = patience) {
    decltype(source.take()) events;
    REQUIRE(take_until<Lost>(source, events, limit));
    CHECK(source.take().empty());
    try {
        std::rethrow_exception(std::get<Lost>(events.back()).error);
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::unreachable);
        return error.what();
    }
    return {};
}

ErrorKind kind_of(const std::function<void()>& action) {
    try {
        action();
    } catch (const Error& error) {
        return error.kind();
    }
    return ErrorKind::general;
}

}  // namespace

TEST_CASE("killed: both sides get Lost, and confirmed messages are there afterwards") {
    const auto broker = connect(endpoint());
    const auto queue = declare(*broker, "killed");
    const auto listening = subscribe(*broker, declare(*broker, "killed.quiet"));
    const auto publishing = publisher(*broker, queue);

    std::set<std::uint64_t> confirmed;
    std::uint64_t submitted = 0;
    bool killed = false;
    bool lost = false;
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!lost && std::chrono::steady_clock::now() < deadline) {
        auto next = message(queue, std::to_string(submitted + 1));
        if (publishing->try_submit(next) != 0)
            ++submitted;
        else {
            pollfd ready{publishing->event_fd(), POLLIN, 0};
            ::poll(&ready, 1, 100);
        }
        for (const auto& event : publishing->take()) {
            CHECK_FALSE(lost);
            if (const auto* good = std::get_if<Confirmed>(&event)) confirmed.insert(good->sequence);
            if (std::holds_alternative<Lost>(event)) lost = true;
        }
        if (!killed && confirmed.size() >= 500) {
            node().kill();
            killed = true;
        }
    }
    REQUIRE(killed);
    REQUIRE(lost);
    CHECK(submitted >= confirmed.size());
    auto late = message(queue, "late");
    CHECK(publishing->try_submit(late) == 0);
    CHECK_FALSE(lost_because(*listening).empty());
    CHECK(kind_of([&] { broker->topology(); }) == ErrorKind::unreachable);

    node().restart();
    const auto reading = subscribe(*connect(endpoint()), queue);
    std::set<std::uint64_t> there;
    while (!std::ranges::includes(there, confirmed)) {
        std::vector<SubscriptionEvent> events;
        REQUIRE(take_until<Delivered>(*reading, events));
        for (const auto& event : events) {
            const auto& delivered = std::get<Delivered>(event);
            there.insert(std::stoull(delivered.message.body));
            reading->settle(delivered.handle, Disposition::ack);
        }
    }
    CHECK(reading->close(patience));
}

TEST_CASE("stopped in an orderly way: the broker gives the reason") {
    const auto broker = connect(endpoint());
    const auto queue = declare(*broker, "stopped");
    const auto listening = subscribe(*broker, queue);
    const auto publishing = publisher(*broker, queue);
    node().stop();
    CHECK(lost_because(*listening).find("CONNECTION_FORCED") != std::string::npos);
    CHECK(lost_because(*publishing).find("CONNECTION_FORCED") != std::string::npos);
    node().restart();
}

TEST_CASE("closed by an operator") {
    const auto broker = connect(endpoint());
    const auto queue = declare(*broker, "closed");
    const auto listening = subscribe(*broker, queue);
    node().ctl("close_all_connections 'closed by a test'");
    CHECK(lost_because(*listening).find("closed by a test") != std::string::npos);
}

TEST_CASE("frozen: missing heartbeats end the connection, and closing does not hang") {
    const auto broker = connect(endpoint(1s));
    const auto queue = declare(*broker, "frozen");
    const auto listening = subscribe(*broker, queue);
    const auto publishing = publisher(*broker, queue);
    const auto closing = subscribe(*broker, queue);
    node().freeze();
    const auto start = std::chrono::steady_clock::now();
    CHECK_FALSE(closing->close(500ms));
    CHECK(std::chrono::steady_clock::now() - start < 5s);
    CHECK_FALSE(lost_because(*listening).empty());
    CHECK_FALSE(lost_because(*publishing).empty());
    auto impatient = endpoint();
    impatient.connect_timeout = 500ms;
    CHECK(kind_of([&] { connect(impatient)->topology(); }) == ErrorKind::unreachable);
    node().thaw();
}

TEST_CASE("memory alarm: publishers get Blocked, then go on and lose nothing") {
    const auto broker = connect(endpoint());
    const auto queue = declare(*broker, "alarm");
    const auto publishing = publisher(*broker, queue);
    node().ctl("set_vm_memory_high_watermark 0.000001");
    auto first = message(queue, "first");
    REQUIRE(publishing->try_submit(first) == 1);
    std::vector<PublisherEvent> events;
    CHECK(take_until<Blocked>(*publishing, events));
    auto second = message(queue, "second");
    REQUIRE(publishing->try_submit(second) == 2);
    node().ctl("set_vm_memory_high_watermark 0.4");
    std::set<std::uint64_t> confirmed;
    bool unblocked = false;
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while ((confirmed.size() < 2 || !unblocked) && std::chrono::steady_clock::now() < deadline) {
        for (const auto& event : publishing->take())
            events.push_back(event);
        for (const auto& event : events) {
            if (const auto* good = std::get_if<Confirmed>(&event)) confirmed.insert(good->sequence);
            unblocked = unblocked || std::holds_alternative<Unblocked>(event);
        }
        pollfd ready{publishing->event_fd(), POLLIN, 0};
        ::poll(&ready, 1, 100);
    }
    CHECK(confirmed == std::set<std::uint64_t>{1, 2});
    CHECK(unblocked);
}

}  // namespace airy::mq
