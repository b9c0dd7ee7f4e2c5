// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/broker.hpp"

#include <doctest/doctest.h>
#include <poll.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <random>
#include <set>

#include "event/topic.hpp"
#include "util/error.hpp"
#include "util/uuid.hpp"

// What every mq::Broker must do, whichever is behind AIRY_TEST_URL. Names are fresh for each case,
// so that it can run beside others on one broker.
namespace airy::mq {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 20s;
constexpr auto close_deadline = 10s;

std::string fresh(const std::string& kind) {
    return "airy.conformance." + kind + "." + util::uuid_v4();
}

// One broker with an exchange of its own; what it declared is gone afterwards.
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

    Fixture(const Fixture&) = delete;
    Fixture& operator=(const Fixture&) = delete;

    std::string queue(const std::string& pattern, event::HeaderTable arguments = {},
                      const std::string& type = "quorum") {
        QueueSpec spec;
        spec.name = fresh("queue");
        spec.type = type;
        spec.arguments = std::move(arguments);
        topology_->declare_queue(spec);
        queues_.push_back(spec.name);
        topology_->bind(spec.name, exchange_, pattern);
        return spec.name;
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

// Takes events until `enough` says so of them all; fails the case when that lasts too long.
template <typename Source>
auto take_until(Source& source, const std::function<bool(const decltype(source.take())&)>& enough,
                std::chrono::milliseconds limit = patience) {
    auto events = source.take();
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!enough(events) && std::chrono::steady_clock::now() < deadline) {
        pollfd ready{source.event_fd(), POLLIN, 0};
        ::poll(&ready, 1, 100);
        for (auto& event : source.take())
            events.push_back(std::move(event));
    }
    return events;
}

std::vector<Delivered> deliveries(Subscription& subscription, std::size_t count,
                                  std::chrono::milliseconds limit = patience) {
    std::vector<Delivered> all;
    for (auto& event : take_until(
             subscription, [count](const auto& events) { return events.size() >= count; }, limit))
        all.push_back(std::get<Delivered>(std::move(event)));
    return all;
}

std::vector<PublisherEvent> outcomes(Publisher& publisher, std::size_t count) {
    return take_until(publisher, [count](const auto& events) { return events.size() >= count; });
}

// Publishes and waits for the outcomes, all of which must be Confirmed.
void publish(Publisher& publisher, std::vector<event::Message> messages) {
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

bool fails_with(ErrorKind kind, const std::function<void()>& action) {
    try {
        action();
    } catch (const Error& error) {
        INFO(error.what());
        CHECK(error.kind() == kind);
        return error.kind() == kind;
    }
    return false;
}

std::uint64_t ready(Fixture& fixture, const std::string& queue) {
    return fixture.topology().check_queue(queue).ready;
}

// Waits until the queue holds so many: what a connection gave back comes a moment later.
bool becomes_ready(Fixture& fixture, const std::string& queue, std::uint64_t count) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (ready(fixture, queue) != count)
        if (std::chrono::steady_clock::now() >= deadline) return false;
    return true;
}

}  // namespace

TEST_CASE("a message arrives as it was sent: properties, header types, bytes") {
    Fixture f;
    const auto queue = f.queue("post.*");
    auto sent = f.message("post.published", std::string("{\"a\":1}\0\xff\n\r\t", 13));
    sent.properties = {.content_type = "application/json",
                       .content_encoding = "identity",
                       .delivery_mode = 2,
                       .priority = 3,
                       .correlation_id = "c-1",
                       .reply_to = "answers",
                       .expiration = "60000000",
                       .message_id = "m-1",
                       .timestamp = 1'700'000'000,
                       .type = "post.published",
                       .user_id = std::nullopt,
                       .app_id = "airy-tools",
                       .cluster_id = std::nullopt};
    sent.has_headers = true;
    sent.headers = {{"text", {std::string("grüße")}},
                    {"yes", {true}},
                    {"int32", {std::int32_t{-7}}},
                    {"int64", {std::int64_t{9'007'199'254'740'993}}},
                    {"double", {0.1}},
                    {"time", {event::HeaderTimestamp{1'700'000'000}}},
                    {"nothing", {std::monostate{}}},
                    {"list", {event::HeaderArray{{std::string("a")}, {std::int64_t{1}}}}},
                    {"table", {event::HeaderTable{{"k", {std::string("v")}}}}}};
    auto publisher = f.publisher();
    publish(*publisher, {sent});

    auto subscription = f.subscribe(queue);
    const auto got = deliveries(*subscription, 1);
    REQUIRE(got.size() == 1);
    CHECK(got[0].message.exchange == f.exchange());
    CHECK(got[0].message.topic == sent.topic);
    CHECK(got[0].message.body == sent.body);
    CHECK(got[0].message.properties == sent.properties);
    CHECK(got[0].message.has_headers);
    CHECK(got[0].message.headers == sent.headers);
    CHECK(got[0].queue == queue);
    CHECK_FALSE(got[0].redelivered);
    subscription->settle(got[0].tag, Settlement::ack);
    CHECK(subscription->close(close_deadline));
}

TEST_CASE("bodies of any size, the empty one too") {
    Fixture f;
    const auto queue = f.queue("#");
    std::vector<event::Message> messages;
    for (const std::size_t size : {0, 1, 131'063, 131'064, 131'065, 1'000'000}) {
        std::string body(size, 'x');
        for (std::size_t i = 0; i < size; i += 97)
            body[i] = static_cast<char>(i);
        messages.push_back(f.message("post.published", body));
    }
    auto publisher = f.publisher();
    publish(*publisher, messages);
    auto subscription = f.subscribe(queue);
    const auto got = deliveries(*subscription, messages.size());
    REQUIRE(got.size() == messages.size());
    for (std::size_t i = 0; i < got.size(); ++i)
        CHECK(got[i].message.body == messages[i].body);
}

TEST_CASE("order is kept through a small window, and every message has one outcome") {
    Fixture f;
    const auto queue = f.queue("#");
    std::vector<event::Message> messages;
    for (int i = 0; i < 2000; ++i)
        messages.push_back(f.message("post.published", std::to_string(i)));
    auto publisher = f.publisher(16);
    publish(*publisher, messages);
    auto subscription = f.subscribe(queue, 50);
    for (int next = 0; next < 2000;) {
        const auto got = deliveries(*subscription, 1);
        REQUIRE_FALSE(got.empty());
        for (const auto& delivered : got) {
            REQUIRE(delivered.message.body == std::to_string(next++));
            subscription->settle(delivered.tag, Settlement::ack);
        }
    }
    CHECK(subscription->close(close_deadline));
    CHECK(ready(f, queue) == 0);
}

TEST_CASE("a full window takes no more and leaves the message as it was") {
    Fixture f;
    f.queue("#");
    auto publisher = f.publisher(1);
    auto message = f.message("post.published", "kept");
    std::uint64_t sequence = 0;
    bool refused = false;
    for (int i = 0; i < 1000 && !refused; ++i) {
        auto copy = message;
        const auto given = publisher->try_submit(copy);
        if (given == 0) {
            refused = true;
            CHECK(copy == message);
        } else {
            CHECK(given == ++sequence);
            CHECK(publisher->in_flight() <= 1);
        }
    }
    CHECK(refused);
    CHECK(outcomes(*publisher, sequence).size() == sequence);
}

TEST_CASE("what no queue takes is Unroutable and not Confirmed") {
    Fixture f;
    f.queue("post.published");
    auto publisher = f.publisher();
    auto routed = f.message("post.published");
    auto lost = f.message("user.registered");
    CHECK(publisher->try_submit(routed) == 1);
    CHECK(publisher->try_submit(lost) == 2);
    CHECK(publisher->try_submit(routed = f.message("post.published")) == 3);
    const auto events = outcomes(*publisher, 3);
    REQUIRE(events.size() == 3);
    CHECK(publisher->take().empty());
    std::set<std::uint64_t> confirmed;
    for (const auto& event : events) {
        if (const auto* good = std::get_if<Confirmed>(&event)) confirmed.insert(good->sequence);
        if (const auto* bad = std::get_if<Unroutable>(&event)) CHECK(bad->sequence == 2);
    }
    CHECK(confirmed == std::set<std::uint64_t>{1, 3});
}

TEST_CASE("patterns route as event::matches says") {
    Fixture f;
    const std::vector<std::string> topics = {"post.published",  "post.updated",
                                             "comment.created", "post",
                                             "a.b.c",           "post.published.late"};
    for (const std::string pattern :
         {"post.published", "post.*", "*.created", "#", "post.#", "*.*", "#.created", "*.b.*"}) {
        CAPTURE(pattern);
        auto subscription = f.listen({pattern});
        auto publisher = f.publisher();
        std::size_t expected = 0;
        for (const auto& topic : topics) {
            auto message = f.message(topic);
            publisher->try_submit(message);
            expected += event::matches(pattern, topic);
        }
        // Outcomes come after routing, so nothing more can be on the way to the queue.
        REQUIRE(outcomes(*publisher, topics.size()).size() == topics.size());
        const auto got = deliveries(*subscription, expected);
        CHECK(got.size() == expected);
        for (const auto& delivered : got)
            CHECK(event::matches(pattern, delivered.message.topic));
    }
}

TEST_CASE("a queue bound twice takes a message once; each listener has its own copy") {
    Fixture f;
    auto one = f.listen({"post.*", "#", "*.published"});
    auto two = f.listen({"#"});
    CHECK(one->queue() != two->queue());
    auto publisher = f.publisher();
    publish(*publisher, {f.message("post.published", "1"), f.message("post.published", "2")});
    CHECK(deliveries(*one, 2).size() == 2);
    CHECK(deliveries(*two, 2).size() == 2);
    CHECK(one->take().empty());
}

TEST_CASE("requeue brings it again, marked; ack and close leave nothing behind") {
    Fixture f;
    const auto queue = f.queue("#");
    auto publisher = f.publisher();
    publish(*publisher, {f.message("post.published", "again")});
    auto subscription = f.subscribe(queue);
    auto got = deliveries(*subscription, 1);
    REQUIRE(got.size() == 1);
    subscription->settle(got[0].tag, Settlement::requeue);
    got = deliveries(*subscription, 1);
    REQUIRE(got.size() == 1);
    CHECK(got[0].redelivered);
    CHECK(got[0].message.body == "again");
    subscription->settle(got[0].tag, Settlement::ack);
    CHECK(subscription->close(close_deadline));
    CHECK(becomes_ready(f, queue, 0));
}

TEST_CASE("dead_letter moves it to the queue's dead-letter queue") {
    Fixture f;
    const auto dead = f.queue("none.of.these");
    const auto queue = f.queue(
        "#", {{"x-dead-letter-exchange", {std::string()}}, {"x-dead-letter-routing-key", {dead}}});
    auto publisher = f.publisher();
    publish(*publisher, {f.message("post.published", "bad"), f.message("post.published", "good")});
    auto subscription = f.subscribe(queue);
    const auto got = deliveries(*subscription, 2);
    REQUIRE(got.size() == 2);
    subscription->settle(got[0].tag, Settlement::dead_letter);
    subscription->settle(got[1].tag, Settlement::ack);
    auto graves = f.subscribe(dead);
    const auto buried = deliveries(*graves, 1);
    REQUIRE(buried.size() == 1);
    CHECK(buried[0].message.body == "bad");
    CHECK(subscription->close(close_deadline));
    CHECK(ready(f, queue) == 0);
}

TEST_CASE("no more unsettled deliveries than prefetch") {
    Fixture f;
    const auto queue = f.queue("#");
    auto publisher = f.publisher();
    publish(*publisher, std::vector<event::Message>(50, f.message("post.published")));
    auto subscription = f.subscribe(queue, 7);
    auto got = deliveries(*subscription, 8, 1s);
    REQUIRE(got.size() == 7);
    CHECK(becomes_ready(f, queue, 43));
    for (const auto& delivered : got)
        subscription->settle(delivered.tag, Settlement::ack);
    CHECK(deliveries(*subscription, 7).size() == 7);
}

TEST_CASE("settling in any order settles each of them") {
    Fixture f;
    const auto queue = f.queue("#");
    auto publisher = f.publisher();
    publish(*publisher, std::vector<event::Message>(500, f.message("post.published")));
    auto subscription = f.subscribe(queue, 100);
    std::mt19937 random(42);
    std::vector<Delivered> held;
    for (std::size_t settled = 0; settled < 500;) {
        for (auto& delivered : deliveries(*subscription, held.empty() ? 1 : 0))
            held.push_back(std::move(delivered));
        REQUIRE_FALSE(held.empty());
        std::ranges::shuffle(held, random);
        const auto part = (held.size() + 1) / 2;
        for (std::size_t i = 0; i < part; ++i) {
            subscription->settle(held.back().tag, Settlement::ack);
            held.pop_back();
            ++settled;
        }
    }
    CHECK(subscription->close(close_deadline));
    CHECK(becomes_ready(f, queue, 0));
}

TEST_CASE("closing gives back what is unsettled, and only that") {
    Fixture f;
    const auto queue = f.queue("#");
    auto publisher = f.publisher();
    std::vector<event::Message> messages;
    for (int i = 0; i < 10; ++i)
        messages.push_back(f.message("post.published", std::to_string(i)));
    publish(*publisher, messages);
    auto subscription = f.subscribe(queue);
    const auto got = deliveries(*subscription, 10);
    REQUIRE(got.size() == 10);
    for (const std::size_t index : {1, 4, 9})
        subscription->settle(got[index].tag, Settlement::ack);
    CHECK(subscription->close(close_deadline));
    REQUIRE(becomes_ready(f, queue, 7));

    auto second = f.subscribe(queue);
    std::set<std::string> bodies;
    for (const auto& delivered : deliveries(*second, 7)) {
        CHECK(delivered.redelivered);
        bodies.insert(delivered.message.body);
    }
    CHECK(bodies == std::set<std::string>{"0", "2", "3", "5", "6", "7", "8"});
}

TEST_CASE("a stopped subscription takes no more, and still settles") {
    Fixture f;
    const auto queue = f.queue("#");
    auto publisher = f.publisher();
    publish(*publisher, {f.message("post.published", "first")});
    auto subscription = f.subscribe(queue, 1);
    const auto got = deliveries(*subscription, 1);
    REQUIRE(got.size() == 1);
    subscription->stop();
    publish(*publisher, {f.message("post.published", "second")});
    subscription->settle(got[0].tag, Settlement::ack);
    CHECK(subscription->close(close_deadline));
    CHECK(becomes_ready(f, queue, 1));
}

TEST_CASE("subscriptions of one queue share its work") {
    Fixture f;
    const auto queue = f.queue("#");
    auto one = f.subscribe(queue, 10);
    auto two = f.subscribe(queue, 10);
    auto publisher = f.publisher();
    std::vector<event::Message> messages;
    for (int i = 0; i < 20; ++i)
        messages.push_back(f.message("post.published", std::to_string(i)));
    publish(*publisher, messages);
    std::multiset<std::string> bodies;
    for (auto* subscription : {one.get(), two.get()})
        for (const auto& delivered : deliveries(*subscription, 10))
            bodies.insert(delivered.message.body);
    CHECK(bodies.size() == 20);
    CHECK(std::set<std::string>(bodies.begin(), bodies.end()).size() == 20);
}

TEST_CASE("deleting the queue cancels its subscriptions") {
    Fixture f;
    const auto queue = f.queue("#", {}, "classic");
    auto subscription = f.subscribe(queue);
    f.topology().delete_queue(queue, false, false);
    f.forget(queue);
    const auto events = take_until(*subscription, [](const auto& taken) { return !taken.empty(); });
    REQUIRE(events.size() == 1);
    CHECK(std::holds_alternative<Cancelled>(events[0]));
}

TEST_CASE("a server-named queue goes with its connection") {
    Fixture f;
    auto subscription = f.listen({"#"});
    const auto name = subscription->queue();
    REQUIRE_FALSE(name.empty());
    CHECK(subscription->close(close_deadline));
    CHECK(fails_with(ErrorKind::not_found, [&] { f.topology().check_queue(name); }));
}

TEST_CASE("topology: what is there, what is not, and what is there otherwise") {
    Fixture f;
    auto& topology = f.topology();
    const auto missing = fresh("missing");
    CHECK(fails_with(ErrorKind::not_found, [&] { topology.check_queue(missing); }));
    CHECK(fails_with(ErrorKind::not_found, [&] { topology.check_exchange(missing); }));
    CHECK(fails_with(ErrorKind::not_found, [&] { topology.delete_queue(missing, false, false); }));
    CHECK(fails_with(ErrorKind::not_found, [&] { topology.delete_exchange(missing); }));
    CHECK(fails_with(ErrorKind::not_found, [&] { topology.purge_queue(missing); }));
    CHECK(fails_with(ErrorKind::not_found, [&] { topology.bind(missing, f.exchange(), "#"); }));
    CHECK(fails_with(ErrorKind::not_found, [&] { f.subscribe(missing); }));
    topology.check_exchange(f.exchange());
    CHECK(fails_with(ErrorKind::not_found, [&] {
        topology.declare_exchange({f.exchange(), "direct", true});
    }));
    topology.declare_exchange({f.exchange(), "topic", true});

    const auto queue = f.queue("#");
    QueueSpec same;
    same.name = queue;
    CHECK(topology.declare_queue(same).name == queue);
    auto other = same;
    other.arguments = {{"x-max-length", {std::int64_t{10}}}};
    CHECK(fails_with(ErrorKind::not_found, [&] { topology.declare_queue(other); }));
    CHECK_FALSE(topology.server().empty());
}

TEST_CASE("topology: purging and deleting tell how many messages went") {
    Fixture f;
    const auto queue = f.queue("#", {}, "classic");
    auto publisher = f.publisher();
    publish(*publisher, std::vector<event::Message>(5, f.message("post.published")));
    CHECK(ready(f, queue) == 5);
    CHECK(f.topology().purge_queue(queue) == 5);
    publish(*publisher, std::vector<event::Message>(3, f.message("post.published")));
    CHECK_THROWS_AS(f.topology().delete_queue(queue, true, false), Error);
    CHECK(ready(f, queue) == 3);
    CHECK(f.topology().delete_queue(queue, false, false) == 3);
    f.forget(queue);
}

TEST_CASE("topology: an unbound queue takes no more") {
    Fixture f;
    const auto queue = f.queue("post.*");
    f.topology().unbind(queue, f.exchange(), "post.*");
    auto publisher = f.publisher();
    auto message = f.message("post.published");
    publisher->try_submit(message);
    const auto events = outcomes(*publisher, 1);
    REQUIRE(events.size() == 1);
    CHECK(std::holds_alternative<Unroutable>(events[0]));
}

TEST_CASE("an exchange that is not there ends the start, not the first message") {
    Fixture f;
    PublisherOptions options;
    options.exchange.name = fresh("nowhere");
    CHECK(fails_with(ErrorKind::not_found, [&] { f.broker().publisher(options); }));
    SubscribeOptions listen;
    listen.exchange.name = options.exchange.name;
    listen.patterns = {"#"};
    CHECK(fails_with(ErrorKind::not_found, [&] { f.broker().subscribe(listen); }));
}

}  // namespace airy::mq
