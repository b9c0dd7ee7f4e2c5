// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// Publishers and subscriptions that reconnect after a lost connection.
#include <doctest/doctest.h>

#include <cstdlib>
#include <future>
#include <map>
#include <random>
#include <set>

#include "mq/outcome.hpp"
#include "mq/quiet_check.hpp"
#include "mq_fixture.hpp"
#include "util/fd.hpp"

namespace airy::test {
namespace {

using mq::Confirmed;
using mq::Counted;
using mq::Delivered;
using mq::Disposition;
using mq::Interrupted;
using mq::Lost;
using mq::QuietCheck;
using mq::Refused;
using mq::Restored;

unsigned seeds() {
    const char* text = std::getenv("AIRY_TEST_SEEDS");
    return text != nullptr ? static_cast<unsigned>(std::strtoul(text, nullptr, 10)) : 25;
}

// Publishes bodies 1 to `count`; calls `between` after each, however long it takes. A message that
// the broker refuses, as a queue without a leader does, is published again. Returns how often each
// sequence number was confirmed.
std::map<std::uint64_t, int> publish_all(mq::Publisher& publisher, const std::string& exchange,
                                         std::uint64_t count,
                                         const std::function<void(std::uint64_t)>& between) {
    std::map<std::uint64_t, int> outcomes;
    std::uint64_t submitted = 0;
    std::vector<event::Message> again;
    auto deadline = std::chrono::steady_clock::now() + patience;  // for the next event
    while (outcomes.size() < count && std::chrono::steady_clock::now() < deadline) {
        while (submitted < count) {
            auto next = message(exchange, std::to_string(submitted + 1));
            if (publisher.try_submit(next) == 0) break;
            between(++submitted);
            deadline = std::chrono::steady_clock::now() + patience;
        }
        if (publisher.in_flight() == 0)
            for (auto& refused : std::exchange(again, {}))
                REQUIRE(publisher.try_submit(refused) != 0);
        pollfd ready{publisher.event_fd(), POLLIN, 0};
        ::poll(&ready, 1, 100);
        for (const auto& event : publisher.take()) {
            CHECK_FALSE(std::holds_alternative<Lost>(event));
            if (const auto* good = std::get_if<Confirmed>(&event)) ++outcomes[good->sequence];
            if (const auto* refused = std::get_if<Refused>(&event)) {
                REQUIRE(refused->message);
                again.push_back(std::move(*refused->message));
            }
            deadline = std::chrono::steady_clock::now() + patience;
        }
    }
    CHECK(publisher.in_flight() == 0);
    return outcomes;
}

// Takes and acks until `count` different bodies have come; returns all bodies in order.
std::vector<std::uint64_t> consume_all(mq::Subscription& subscription, std::size_t count) {
    std::vector<std::uint64_t> bodies;
    std::set<std::uint64_t> different;
    CHECK(take_until(subscription, [&](const auto& event) {
        CHECK_FALSE(std::holds_alternative<Lost>(event));
        if (const auto* delivered = std::get_if<Delivered>(&event)) {
            bodies.push_back(std::stoull(delivered->message.body));
            different.insert(bodies.back());
            subscription.settle(delivered->handle, Disposition::ack);
        }
        return different.size() >= count;
    }));
    return bodies;
}

bool first_ones_ordered(const std::vector<std::uint64_t>& bodies) {
    std::uint64_t highest = 0;
    for (const auto body : bodies) {
        if (body > highest + 1) return false;
        highest = std::max(highest, body);
    }
    return true;
}

std::uint64_t ready(const std::string& queue) {
    return mq::connect(endpoint(node().url()))->topology()->check_queue(queue).ready;
}

bool becomes_empty(const std::string& queue) {
    const auto topology = mq::connect(endpoint(node().url()))->topology();
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < deadline)
        if (topology->check_queue(queue).ready == 0) return true;
    return false;
}

}  // namespace

TEST_CASE("a publisher cut at random bytes: one outcome each, nothing lost, order kept") {
    const auto queue = declare("cut.publisher");
    TcpProxy proxy(node_port());
    const auto broker = mq::connect(endpoint(proxy.url(node().url())));
    const auto direct = mq::connect(endpoint(node().url()));
    constexpr std::uint64_t count = 300;
    std::size_t doubled = 0;
    for (unsigned seed = 1; seed <= seeds(); ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        const auto publishing = publisher(*broker, queue, 100);
        const auto direction =
            seed % 2 == 0 ? TcpProxy::Direction::to_broker : TcpProxy::Direction::to_client;
        // A message has about 90 bytes on the wire; a confirm 21, often for many messages.
        const bool to_broker = direction == TcpProxy::Direction::to_broker;
        proxy.cut_after(direction, random() % (to_broker ? 26'000 : 300));
        const auto cuts = proxy.cuts();
        const auto outcomes = publish_all(*publishing, queue, count, [](std::uint64_t) {});
        proxy.cut_no_more();
        CHECK(outcomes.size() == count);
        for (const auto& [sequence, times] : outcomes)
            CHECK(times == 1);
        publishing->close(patience);
        const auto reading = subscribe(*direct, queue);
        const auto bodies = consume_all(*reading, count);
        CHECK(first_ones_ordered(bodies));
        CHECK(reading->close(patience));
        doubled += bodies.size() - count;
        if (proxy.cuts() > cuts) CHECK(bodies.size() - count <= 100);  // the window
        direct->topology()->purge_queue(queue);
    }
    MESSAGE("cuts: ", proxy.cuts(), ", published twice: ", doubled);
    CHECK(proxy.cuts() >= seeds() / 2);
}

TEST_CASE("a subscription cut at random bytes: all messages come, in order; old tags do no harm") {
    const auto queue = declare("cut.subscription");
    TcpProxy proxy(node_port());
    const auto broker = mq::connect(endpoint(proxy.url(node().url())));
    const auto direct = mq::connect(endpoint(node().url()));
    constexpr std::uint64_t count = 300;
    std::size_t doubled = 0;
    for (unsigned seed = 1; seed <= seeds(); ++seed) {
        CAPTURE(seed);
        std::mt19937 random(seed);
        publish_all(*publisher(*direct, queue), queue, count, [](std::uint64_t) {});
        const auto reading = subscribe(*broker, queue, 50);
        const auto direction =
            seed % 2 == 0 ? TcpProxy::Direction::to_broker : TcpProxy::Direction::to_client;
        proxy.cut_after(direction,
                        random() % (direction == TcpProxy::Direction::to_broker ? 500 : 30'000));
        const auto bodies = consume_all(*reading, count);
        proxy.cut_no_more();
        CHECK(first_ones_ordered(bodies));
        // False when the cut came with the last settlements: some messages are then delivered
        // again.
        if (reading->close(patience))
            CHECK(becomes_empty(queue));
        else
            direct->topology()->purge_queue(queue);
        doubled += bodies.size() - count;
    }
    MESSAGE("cuts: ", proxy.cuts(), ", delivered twice: ", doubled);
    CHECK(proxy.cuts() >= seeds() / 2);
}

TEST_CASE("a settlement with a tag of a lost connection is dropped, its message delivered again") {
    const auto queue = declare("generations");
    TcpProxy proxy(node_port());
    const auto broker = mq::connect(endpoint(proxy.url(node().url())));
    publish_all(*publisher(*broker, queue), queue, 3, [](std::uint64_t) {});
    const auto reading = subscribe(*broker, queue);
    std::vector<mq::DeliveryHandle> tags;
    REQUIRE(take_until(*reading, [&](const auto& event) {
        if (const auto* delivered = std::get_if<Delivered>(&event))
            tags.push_back(delivered->handle);
        return tags.size() == 3;
    }));
    proxy.cut();
    REQUIRE(comes<Interrupted>(*reading));
    for (const auto tag : tags)
        reading->settle(tag, Disposition::ack);
    std::vector<Delivered> again;
    REQUIRE(take_until(*reading, [&](const auto& event) {
        if (const auto* delivered = std::get_if<Delivered>(&event)) again.push_back(*delivered);
        return again.size() == 3;
    }));
    for (const auto& delivered : again) {
        CHECK(delivered.redelivered);
        CHECK(delivered.handle.part > tags[0].part);
        reading->settle(tags[0], Disposition::reject);
        reading->settle(delivered.handle, Disposition::ack);
    }
    CHECK(reading->close(patience));
    CHECK(ready(queue) == 0);
}

TEST_CASE("a server-named queue is declared and bound again, under another name") {
    declare("listening");
    TcpProxy proxy(node_port());
    const auto broker = mq::connect(endpoint(proxy.url(node().url())));
    mq::SubscribeOptions options;
    options.exchange.name = "listening";
    options.patterns = {"post.*"};
    const auto listening = broker->subscribe(options);
    const std::string first = listening->queue();
    proxy.cut();
    REQUIRE(comes<Restored>(*listening));
    CHECK(listening->queue() != first);
    const auto direct = mq::connect(endpoint(node().url()));
    publish_all(*publisher(*direct, "listening"), "listening", 1, [](std::uint64_t) {});
    CHECK(comes<Delivered>(*listening));
}

TEST_CASE("queues that were deleted with the connection are declared again on request") {
    const auto direct = mq::connect(endpoint(node().url()));
    const auto topology = direct->topology();
    for (const bool asked : {true, false}) {
        const auto queue = declare(asked ? "declared.again" : "not.declared.again");
        TcpProxy proxy(node_port());
        const auto broker = mq::connect(endpoint(proxy.url(node().url())));
        mq::SubscribeOptions options;
        options.queue = queue;
        if (asked) {
            options.declarations.exchanges = {{queue, "topic", true}};
            options.declarations.queues.resize(1);
            options.declarations.queues[0].name = queue;
            options.declarations.bindings = {{queue, queue, "#"}};
        }
        const auto reading = broker->subscribe(options);
        proxy.stall();  // no basic.cancel must reach the subscription
        topology->delete_queue(queue, false, false);
        topology->delete_exchange(queue);
        proxy.cut();
        proxy.resume();
        if (asked) {
            REQUIRE(comes<Restored>(*reading));
            publish_all(*publisher(*direct, queue), queue, 1, [](std::uint64_t) {});
            CHECK(comes<Delivered>(*reading));
        } else {
            CHECK(lost_by(*reading) == ErrorKind::not_found);
        }
    }
}

TEST_CASE("a permanent refusal ends a publisher at once") {
    const auto exchange = declare("deleted.exchange");
    const auto direct = mq::connect(endpoint(node().url()));
    const auto publishing = publisher(*direct, exchange);
    direct->topology()->delete_exchange(exchange);
    auto next = message(exchange, "1");
    CHECK(publishing->try_submit(next) == 1);
    CHECK(lost_by(*publishing, 5s) == ErrorKind::not_found);
    CHECK(publishing->try_submit(next) == 0);
}

TEST_CASE("a publisher whose permissions were revoked does not retry") {
    const auto exchange = declare("forbidden");
    node().ctl("add_user short lived");
    node().ctl("set_permissions short '.*' '.*' '.*'");
    auto url = node().url();
    url.replace(url.find("guest:guest"), 11, "short:lived");
    const auto publishing = publisher(*mq::connect(endpoint(url)), exchange);
    node().ctl("set_permissions short '' '' ''");
    auto next = message(exchange, "1");
    CHECK(publishing->try_submit(next) == 1);
    CHECK(lost_by(*publishing, 10s) == ErrorKind::undelivered);  // refused by the broker
    node().ctl("delete_user short");
}

TEST_CASE("hosts are tried in turn, and the next one first when a connection is lost") {
    const auto queue = declare("hosts");
    TcpProxy one(node_port());
    TcpProxy two(node_port());
    std::string nobody;
    {
        const TcpProxy gone(node_port());
        nobody = std::to_string(gone.port());
    }
    const auto url = "amqp://guest:guest@127.0.0.1:" + nobody +
                     ",127.0.0.1:" + std::to_string(one.port()) +
                     ",127.0.0.1:" + std::to_string(two.port()) + "/";
    const auto broker = mq::connect(endpoint(url));
    const auto publishing = publisher(*broker, queue);
    CHECK(one.accepted() == 1);
    CHECK(two.accepted() == 0);
    one.cut();
    REQUIRE(comes<Restored>(*publishing));
    CHECK(two.accepted() == 1);
    two.cut();
    REQUIRE(comes<Restored>(*publishing));
    CHECK(one.accepted() == 2);
    CHECK(publish_all(*publishing, queue, 5, [](std::uint64_t) {}).size() == 5);
}

TEST_CASE("attempts end as the policy says, with the reason of the last one") {
    const auto queue = declare("limited");
    auto limited = std::make_unique<TcpProxy>(node_port());
    auto where = endpoint(limited->url(node().url()));
    where.reconnect.max_attempts = 2;
    const auto reading = subscribe(*mq::connect(where), queue);
    where.reconnect = {.enabled = true};
    where.reconnect.max_time = 300ms;
    const auto publishing = publisher(*mq::connect(where), queue);
    limited.reset();
    std::size_t interruptions = 0;
    REQUIRE(take_until(*reading, [&](const auto& event) {
        if (const auto* interrupted = std::get_if<Interrupted>(&event))
            CHECK(interrupted->attempt == interruptions++);
        return std::holds_alternative<Lost>(event);
    }));
    CHECK(interruptions == 2);
    CHECK(lost_by(*publishing, 10s) == ErrorKind::unreachable);
}

TEST_CASE("closing ends a pause and a login that hangs at once") {
    const auto queue = declare("hanging");
    TcpProxy proxy(node_port());
    const auto where = endpoint(proxy.url(node().url()));
    const auto reading = subscribe(*mq::connect(where), queue);
    const auto publishing = publisher(*mq::connect(where), queue);
    proxy.stall();
    proxy.cut();
    // About the third attempt is a login without an answer.
    const auto accepted = proxy.accepted();
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (proxy.accepted() < accepted + 2 && std::chrono::steady_clock::now() < deadline)
        std::this_thread::yield();
    const auto start = std::chrono::steady_clock::now();
    reading->close(5s);
    publishing->close(5s);
    CHECK(std::chrono::steady_clock::now() - start < 1s);
    proxy.resume();
}

TEST_CASE("the first connection ends at once when its interrupt descriptor is readable") {
    TcpProxy proxy(node_port());
    proxy.stall();
    util::Wakeup interrupt;
    auto where = endpoint(proxy.url(node().url()));
    where.interrupt_fd = interrupt.fd();
    auto kind = std::async(std::launch::async,
                           [&] { return kind_of([&] { mq::connect(where)->topology(); }); });
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (proxy.accepted() == 0 && std::chrono::steady_clock::now() < deadline)
        std::this_thread::yield();
    const auto start = std::chrono::steady_clock::now();
    interrupt.signal();
    CHECK(kind.get() == ErrorKind::unreachable);
    CHECK(std::chrono::steady_clock::now() - start < 1s);
}

TEST_CASE("a stalled connection is noticed by its heartbeats") {
    const auto queue = declare("stalled");
    TcpProxy proxy(node_port());
    auto where = endpoint(proxy.url(node().url()));
    where.heartbeat = 1s;
    where.connect_timeout = 1s;
    const auto broker = mq::connect(where);
    const auto reading = subscribe(*broker, queue);
    const auto publishing = publisher(*broker, queue);
    proxy.stall();
    auto next = message(queue, "1");
    CHECK(publishing->try_submit(next) == 1);
    REQUIRE(comes<Interrupted>(*reading, 10s));
    REQUIRE(comes<Interrupted>(*publishing, 10s));
    proxy.resume();
    CHECK(comes<Confirmed>(*publishing));
    CHECK(comes<Delivered>(*reading));
}

TEST_CASE("a slow connection loses nothing") {
    const auto queue = declare("slow");
    TcpProxy proxy(node_port());
    const auto broker = mq::connect(endpoint(proxy.url(node().url())));
    const auto reading = subscribe(*broker, queue);
    const auto publishing = publisher(*broker, queue);
    proxy.limit(10'000);
    CHECK(publish_all(*publishing, queue, 100, [](std::uint64_t) {}).size() == 100);
    CHECK(first_ones_ordered(consume_all(*reading, 100)));
}

TEST_CASE("a large message on a slow connection is waited for while it is on its way") {
    const auto queue = declare("slow.upload");
    TcpProxy proxy(node_port());
    const auto broker = mq::connect(endpoint(proxy.url(node().url()), false));
    const auto publishing = publisher(*broker, queue);
    proxy.limit(500'000);
    const auto begun = std::chrono::steady_clock::now();
    CHECK(mq::publish_one(*publishing, message(queue, std::string(2'000'000, 'x')), 1500ms));
    CHECK(std::chrono::steady_clock::now() - begun > 1500ms);  // else the test tests nothing
    proxy.stall();
    CHECK_FALSE(mq::publish_one(*publishing, message(queue, "small"), 500ms));
}

TEST_CASE("a large message on a slow connection is in transit: the queue is not quiet") {
    const auto queue = declare("slow.large");
    const auto direct = mq::connect(endpoint(node().url()));
    const auto publishing = publisher(*direct, queue);
    CHECK(mq::publish_one(*publishing, message(queue, std::string(1'500'000, 'x')), patience));
    TcpProxy proxy(node_port());
    const auto broker = mq::connect(endpoint(proxy.url(node().url()), false));
    proxy.limit(1'000'000);
    util::SignalFd signals;
    const auto see = [](const Delivered&) { return true; };
    CHECK(broker->look_into(queue, 0, see, signals).seen == 1);

    const auto reading = subscribe(*broker, queue);
    QuietCheck check([&reading] { return reading->count(); });
    check.begin();
    std::size_t delivered = 0;
    CHECK(take_until(*reading, [&](const auto& event) {
        if (const auto* counted = std::get_if<Counted>(&event)) check.take(*counted);
        if (std::holds_alternative<Delivered>(event)) ++delivered;
        return !check.under_way();
    }));
    CHECK(delivered == 1);
}

TEST_CASE("the broker killed and restarted under a stream keeps confirmed messages") {
    const auto queue = declare("killed.stream");
    node().wait_until_kept(queue);
    const auto broker = mq::connect(endpoint(node().url()));
    const auto publishing = publisher(*broker, queue);
    const auto reading = subscribe(*broker, queue);
    constexpr std::uint64_t count = 5000;
    const auto outcomes = publish_all(*publishing, queue, count, [](std::uint64_t submitted) {
        if (submitted != 2000) return;
        node().kill();
        node().restart();
    });
    CHECK(outcomes.size() == count);
    const auto bodies = consume_all(*reading, count);
    CHECK(reading->close(patience));
    CHECK(becomes_empty(queue));
    MESSAGE("delivered twice: ", bodies.size() - count);
}

TEST_CASE("a lost connection is no longer blocked") {
    const auto queue = declare("blocked");
    TcpProxy proxy(node_port());
    const auto broker = mq::connect(endpoint(proxy.url(node().url())));
    const auto publishing = publisher(*broker, queue);
    node().ctl("set_vm_memory_high_watermark 0.000001");
    auto next = message(queue, "1");
    REQUIRE(publishing->try_submit(next) == 1);
    CHECK(comes<mq::Blocked>(*publishing));
    proxy.cut();
    CHECK(comes<mq::Unblocked>(*publishing));
    node().ctl("set_vm_memory_high_watermark 0.4");
    CHECK(comes<Confirmed>(*publishing));
}

}  // namespace airy::test
