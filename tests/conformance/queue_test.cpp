// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// Queues and bindings as every broker declares, refuses and deletes them.
#include "work_fixture.hpp"

namespace airy::mq {

TEST_CASE("a queue with consumers is not deleted where it must be unused") {
    Fixture f;
    const auto work = f.queue("#", {}, "classic");
    auto subscription = f.subscribe(work);
    CHECK_THROWS_AS(f.topology().delete_queue(work, false, true), Error);
    CHECK(f.topology().check_queue(work).consumers == 1);
    CHECK(subscription->close(close_deadline));
    REQUIRE(has_consumers(f, work, 0));
    CHECK(f.topology().delete_queue(work, false, true) == 0);
    f.forget(work);
}

TEST_CASE("unbinding a pattern leaves the others, and one that is not there is no error") {
    Fixture f;
    const auto work = f.queue("post.*", {}, "classic");
    f.topology().bind(work, f.exchange(), "user.*");
    f.topology().unbind(work, f.exchange(), "never.bound");
    f.topology().unbind(work, f.exchange(), "post.*");
    f.topology().unbind(work, f.exchange(), "post.*");
    auto publisher = f.publisher();
    publish(*publisher, {f.message("user.registered", "kept")});
    auto message = f.message("post.published");
    publisher->try_submit(message);
    const auto events = outcomes(*publisher, 1);
    REQUIRE(events.size() == 1);
    CHECK(std::holds_alternative<Unroutable>(events[0]));
    auto subscription = f.subscribe(work);
    CHECK(acked_one_by_one(*subscription, 1) == "kept");
}

TEST_CASE("declaring a queue again tells its ready messages and consumers") {
    Fixture f;
    const auto dead = f.queue("none.of.these");
    const auto arguments = joined(safe_dead_letter_to(dead), delivery_limit(20));
    const auto work = f.queue("#", arguments);
    auto publisher = f.publisher();
    publish(*publisher, numbered(f, 1, 3));
    auto subscription = f.subscribe(work, 1);
    REQUIRE(deliveries(*subscription, 1).size() == 1);
    REQUIRE(becomes_ready(f, work, 2));
    QueueSpec spec;
    spec.name = work;
    spec.arguments = arguments;
    const auto state = f.topology().declare_queue(spec);
    CHECK(state.name == work);
    CHECK(state.ready == 2);
    CHECK(state.consumers == 1);
}

TEST_CASE("a queue that is there with other properties: the error names the difference") {
    Fixture f;
    const auto dead = f.queue("none.of.these");
    QueueSpec there;
    there.arguments = joined(safe_dead_letter_to(dead), joined(delivery_limit(20), ttl(1000)));
    there.name = f.queue("#", there.arguments);
    CHECK(f.topology().declare_queue(there).name == there.name);

    struct Row {
        std::string name;
        std::vector<std::string> told;
        std::function<void(QueueSpec&)> change;
    };
    const auto replace = [](QueueSpec& spec, const std::string& name, event::HeaderValue value) {
        for (auto& argument : spec.arguments)
            if (argument.first == name) argument.second = value;
    };
    const std::vector<Row> rows{
        {"x-message-ttl",
         {"1000", "2000"},
         [&](auto& spec) { replace(spec, "x-message-ttl", {std::int64_t{2000}}); }},
        {"x-delivery-limit",
         {"20", "5"},
         [&](auto& spec) { replace(spec, "x-delivery-limit", {std::int64_t{5}}); }},
        {"x-dead-letter-routing-key",
         {dead, "elsewhere"},
         [&](auto& spec) {
             replace(spec, "x-dead-letter-routing-key", {std::string("elsewhere")});
         }},
        {"x-max-length",
         {"10"},
         [](auto& spec) {
             spec.arguments.push_back({"x-max-length", {std::int64_t{10}}});
         }},
        {"x-message-ttl",
         {"1000"},
         [](auto& spec) {
             std::erase_if(spec.arguments,
                           [](const auto& argument) { return argument.first == "x-message-ttl"; });
         }},
    };
    for (const auto& row : rows) {
        auto other = there;
        row.change(other);
        const auto error =
            failure_of(ErrorKind::not_found, [&] { f.topology().declare_queue(other); });
        CAPTURE(error);
        CHECK(error.find(row.name) != std::string::npos);
        for (const auto& value : row.told)
            CHECK(error.find(value) != std::string::npos);
    }
}

TEST_CASE("a queue or exchange of another type: the error names the type that is there") {
    Fixture f;
    QueueSpec other;
    other.type = "classic";
    other.name = f.queue("#", {}, "quorum");
    const auto queue = failure_of(ErrorKind::not_found, [&] { f.topology().declare_queue(other); });
    CAPTURE(queue);
    CHECK(queue.find("quorum") != std::string::npos);
    other.name = f.queue("#", {}, "classic");
    other.durable = false;
    const auto durable =
        failure_of(ErrorKind::not_found, [&] { f.topology().declare_queue(other); });
    CAPTURE(durable);
    CHECK(durable.find("durable is true, not false") != std::string::npos);
    const auto exchange = failure_of(ErrorKind::not_found, [&] {
        f.topology().declare_exchange({f.exchange(), "fanout", true});
    });
    CAPTURE(exchange);
    CHECK(exchange.find("topic") != std::string::npos);
    CHECK(exchange.find("fanout") != std::string::npos);
}

TEST_CASE("an exclusive queue is its connection's alone, and goes with it") {
    Fixture f;
    auto owner = f.broker().topology();
    QueueSpec spec;
    spec.name = fresh("exclusive");
    spec.type = "classic";
    spec.durable = false;
    spec.exclusive = true;
    CHECK(owner->declare_queue(spec).name == spec.name);
    owner->bind(spec.name, f.exchange(), "#");
    auto publisher = f.publisher();
    publish(*publisher, numbered(f, 1, 2));
    CHECK(owner->check_queue(spec.name).ready == 2);
    CHECK(owner->purge_queue(spec.name) == 2);
    CHECK_THROWS_AS(f.topology().check_queue(spec.name), Error);
    CHECK_THROWS_AS(f.topology().delete_queue(spec.name, false, false), Error);
    CHECK_THROWS_AS(f.topology().bind(spec.name, f.exchange(), "post.*"), Error);
    CHECK_THROWS_AS(f.topology().declare_queue(spec), Error);
    CHECK_THROWS_AS(f.subscribe(spec.name), Error);
    owner.reset();
    CHECK(goes_away(f, spec.name));
}

TEST_CASE("a queue that deletes itself goes with its last consumer") {
    Fixture f;
    QueueSpec spec;
    spec.name = fresh("ephemeral");
    spec.type = "classic";
    spec.durable = false;
    spec.auto_delete = true;
    f.topology().declare_queue(spec);
    auto one = f.subscribe(spec.name);
    auto two = f.subscribe(spec.name);
    CHECK(one->close(close_deadline));
    CHECK(has_consumers(f, spec.name, 1));
    CHECK(two->close(close_deadline));
    CHECK(goes_away(f, spec.name));
}

}  // namespace airy::mq
