// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "fixture.hpp"

namespace airy::mq {

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

TEST_CASE("topology: queues and exchanges that exist, are missing, or differ") {
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

TEST_CASE("topology: purging and deleting return the number of removed messages") {
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
