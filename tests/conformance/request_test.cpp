// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// A publisher with an address of its own, and those who reply to it.
#include <set>

#include "work_fixture.hpp"

namespace airy::mq {
namespace {

std::unique_ptr<Publisher> requester(Fixture& f, std::size_t window = 1000) {
    PublisherOptions options;
    options.exchange.name = f.exchange();
    options.window = window;
    options.replies = true;
    return f.broker().publisher(options);
}

std::unique_ptr<Publisher> replier(Fixture& f) {
    PublisherOptions options;
    options.mandatory = false;
    return f.broker().publisher(options);
}

event::Message reply_for(const Delivered& request, const std::string& body) {
    event::Message reply;
    reply.topic = request.message.properties.reply_to.value_or("");
    reply.properties.correlation_id = request.message.properties.correlation_id;
    reply.body = body;
    return reply;
}

// Takes events until so many replies have come; the sequence numbers of those without a queue come
// on the way.
std::vector<Delivered> replies(Publisher& publisher, std::size_t count,
                               std::set<std::uint64_t>* unroutable = nullptr) {
    std::vector<Delivered> all;
    for (const auto& event : take_until(publisher, [count](const auto& events) {
             return static_cast<std::size_t>(
                        std::ranges::count_if(events, [](const PublisherEvent& event) {
                            return std::holds_alternative<Reply>(event);
                        })) >= count;
         })) {
        if (const auto* reply = std::get_if<Reply>(&event)) all.push_back(*reply->delivered);
        if (const auto* lost = std::get_if<Unroutable>(&event); lost && unroutable)
            unroutable->insert(lost->sequence);
    }
    return all;
}

// A reply may come before the confirm of its request.
bool confirms_all(Publisher& asking) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (asking.in_flight() > 0 && std::chrono::steady_clock::now() < deadline) {
        pollfd waiting{asking.event_fd(), POLLIN, 0};
        ::poll(&waiting, 1, 100);
        asking.take();
    }
    return asking.in_flight() == 0;
}

}  // namespace

TEST_CASE("a request carries the address of its publisher, and the reply comes there whole") {
    Fixture f;
    const auto queue = f.queue("price.quote");
    auto asking = requester(f);
    auto message = f.message("price.quote", "7");
    message.properties.correlation_id = "c-1";
    REQUIRE(asking->try_submit(message) == 1);

    auto consumer = f.subscribe(queue);
    const auto requests = deliveries(*consumer, 1);
    REQUIRE(requests.size() == 1);
    REQUIRE(requests[0].message.properties.reply_to);
    auto reply = reply_for(requests[0], std::string("{\"a\":1}\0\xff\n", 10));
    reply.properties.content_type = "application/json";
    reply.has_headers = true;
    reply.headers = headers_of_every_type();
    auto answering = replier(f);
    publish(*answering, {reply});
    consumer->settle(requests[0].handle, Disposition::ack);

    const auto got = replies(*asking, 1);
    REQUIRE(got.size() == 1);
    CHECK(got[0].message.body == reply.body);
    CHECK(got[0].message.properties == reply.properties);
    CHECK(test::by_name(got[0].message.headers) == test::by_name(reply.headers));
    CHECK(got[0].message.exchange.empty());
    CHECK(confirms_all(*asking));
}

TEST_CASE("replies to each of many requests, and to each requester its own") {
    Fixture f;
    const auto queue = f.queue("price.quote");
    auto one = requester(f, 64);
    auto two = requester(f, 64);
    constexpr int each = 300;
    int sent_one = 0;
    int sent_two = 0;
    auto consumer = f.subscribe(queue, 50);
    auto answering = replier(f);
    std::set<std::string> of_one;
    std::set<std::string> of_two;
    const auto send = [&f](Publisher& publisher, int& sent, const std::string& name) {
        while (sent < each) {
            auto message = f.message("price.quote", name + std::to_string(sent));
            message.properties.correlation_id = message.body;
            if (publisher.try_submit(message) == 0) return;
            ++sent;
        }
    };
    const auto take = [](Publisher& publisher, std::set<std::string>& into) {
        for (const auto& event : publisher.take())
            if (const auto* reply = std::get_if<Reply>(&event)) {
                CHECK(reply->delivered->message.body ==
                      "re: " + *reply->delivered->message.properties.correlation_id);
                into.insert(*reply->delivered->message.properties.correlation_id);
            }
    };
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (of_one.size() + of_two.size() < 2 * each &&
           std::chrono::steady_clock::now() < deadline) {
        send(*one, sent_one, "one");
        send(*two, sent_two, "two");
        pollfd ready[] = {{consumer->event_fd(), POLLIN, 0},
                          {one->event_fd(), POLLIN, 0},
                          {two->event_fd(), POLLIN, 0}};
        ::poll(ready, 3, 100);
        for (const auto& event : consumer->take()) {
            const auto& request = std::get<Delivered>(event);
            auto reply = reply_for(request, "re: " + request.message.body);
            while (answering->try_submit(reply) == 0)
                outcomes(*answering, 1);
            consumer->settle(request.handle, Disposition::ack);
        }
        answering->take();
        take(*one, of_one);
        take(*two, of_two);
    }
    CHECK(of_one.size() == each);
    CHECK(of_two.size() == each);
    CHECK(std::ranges::all_of(of_one, [](const auto& id) { return id.starts_with("one"); }));
    CHECK(std::ranges::all_of(of_two, [](const auto& id) { return id.starts_with("two"); }));
}

TEST_CASE("a request that reaches no queue is Unroutable at once") {
    Fixture f;
    auto asking = requester(f);
    auto message = f.message("nobody.listens");
    REQUIRE(asking->try_submit(message) == 1);
    const auto events = outcomes(*asking, 1);
    REQUIRE(events.size() == 1);
    REQUIRE(std::holds_alternative<Unroutable>(events[0]));
    CHECK(std::get<Unroutable>(events[0]).sequence == 1);
}

TEST_CASE("a reply that nobody waits for is confirmed and gone") {
    Fixture f;
    const auto queue = f.queue("price.quote");
    auto asking = requester(f);
    auto message = f.message("price.quote", "7");
    REQUIRE(asking->try_submit(message) == 1);
    auto consumer = f.subscribe(queue);
    const auto requests = deliveries(*consumer, 1);
    REQUIRE(requests.size() == 1);
    asking->close(close_deadline);
    asking.reset();
    auto answering = replier(f);
    publish(*answering, {reply_for(requests[0], "late"), reply_for(requests[0], "again")});
    consumer->settle(requests[0].handle, Disposition::ack);
    CHECK(consumer->close(close_deadline));
}

TEST_CASE("several replies to one request, and none to another") {
    Fixture f;
    const auto queue = f.queue("price.quote");
    auto asking = requester(f);
    for (const std::string id : {"many", "none"}) {
        auto message = f.message("price.quote", id);
        message.properties.correlation_id = id;
        REQUIRE(asking->try_submit(message) != 0);
    }
    auto consumer = f.subscribe(queue);
    const auto requests = deliveries(*consumer, 2);
    REQUIRE(requests.size() == 2);
    auto answering = replier(f);
    publish(*answering, {reply_for(requests[0], "1"), reply_for(requests[0], "2"),
                         reply_for(requests[0], "3")});
    const auto got = replies(*asking, 3);
    REQUIRE(got.size() == 3);
    CHECK(bodies(got) == "1 2 3");
    CHECK(*got[2].message.properties.correlation_id == "many");
}

TEST_CASE("the address survives a dead letter and a copy") {
    Fixture f;
    const auto queue = f.queue("price.quote");
    auto asking = requester(f);
    auto message = f.message("price.quote", "7");
    message.properties.correlation_id = "c-1";
    REQUIRE(asking->try_submit(message) == 1);
    auto consumer = f.subscribe(queue);
    const auto requests = deliveries(*consumer, 1);
    REQUIRE(requests.size() == 1);
    QueueSpec other;
    other.name = fresh("copies");
    f.declare(other);
    auto copying = f.publisher();
    publish(*copying, {addressed_to(requests[0].message, other.name)});
    auto later = f.subscribe(other.name);
    const auto copies = deliveries(*later, 1);
    REQUIRE(copies.size() == 1);
    auto answering = replier(f);
    publish(*answering, {reply_for(copies[0], "at last")});
    const auto got = replies(*asking, 1);
    REQUIRE(got.size() == 1);
    CHECK(got[0].message.body == "at last");
}

}  // namespace airy::mq
