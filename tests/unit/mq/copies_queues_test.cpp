// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/copies/queues.hpp"

#include <doctest/doctest.h>

#include "tests/unit/mq/copies_support.hpp"

using namespace airy;
using namespace airy::mq;
using namespace airy::mq::copies;

namespace {

std::string argument(const QueueSpec& spec, std::string_view name) {
    for (const auto& [key, header] : spec.arguments) {
        if (key != name) continue;
        if (const auto* text = std::get_if<std::string>(&header.value)) return "'" + *text + "'";
        if (const auto* number = std::get_if<std::int64_t>(&header.value))
            return std::to_string(*number);
    }
    return "none";
}

}  // namespace

TEST_CASE("a work queue dead-letters through the default exchange, at least once where it can") {
    WorkQueueSpec queue{.name = "work", .exchange = "airy.events", .patterns = {"post.*"}};
    auto spec = work_queue_spec(queue);
    CHECK(spec.type == "quorum");
    CHECK(spec.durable);
    CHECK(argument(spec, "x-dead-letter-exchange") == "''");
    CHECK(argument(spec, "x-dead-letter-routing-key") == "'work.dlq'");
    CHECK(argument(spec, "x-dead-letter-strategy") == "'at-least-once'");
    CHECK(argument(spec, "x-overflow") == "'reject-publish'");
    CHECK(argument(spec, "x-delivery-limit") == "20");
    CHECK_FALSE(spec.unlimited_deliveries);
    CHECK(dead_letter_queue_spec(queue).unlimited_deliveries);

    queue.type = "classic";
    spec = work_queue_spec(queue);
    CHECK(spec.durable);
    CHECK(argument(spec, "x-dead-letter-routing-key") == "'work.dlq'");
    CHECK(argument(spec, "x-dead-letter-strategy") == "none");
    CHECK(argument(spec, "x-delivery-limit") == "none");

    queue.ephemeral = true;
    spec = work_queue_spec(queue);
    CHECK_FALSE(spec.durable);
    CHECK(spec.auto_delete);
    CHECK(spec.arguments.empty());
}

TEST_CASE("declaring makes all queues, is repeatable, and refuses other properties") {
    const test::FileBroker broker;
    const auto topology = broker->topology();
    WorkQueueSpec queue{
        .name = "work", .exchange = "airy.events", .patterns = {"post.*", "vote.#"}};
    declare_work_queue(*topology, queue);
    declare_work_queue(*topology, queue);
    CHECK(topology->check_queue("work.dlq").ready == 0);

    event::Message message;
    message.exchange = "airy.events";
    for (const char* topic : {"post.published", "vote.created"}) {
        message.topic = topic;
        broker.publish(message);
    }
    CHECK(topology->check_queue("work").ready == 2);

    queue.type = "classic";
    CHECK_THROWS_AS(declare_work_queue(*topology, queue), Error);
}

TEST_CASE("a work queue takes further arguments, and keeps its own") {
    WorkQueueSpec queue{.name = "work"};
    queue.arguments = {{"x-max-length", {std::int64_t{5}}},
                       {"x-delivery-limit", {std::int64_t{20}}}};
    CHECK(argument(work_queue_spec(queue), "x-max-length") == "5");
    CHECK(work_queue_spec(queue).arguments.size() == 6);
    queue.arguments = {{"x-delivery-limit", {std::int64_t{3}}}};
    Reason reason{};
    try {
        work_queue_spec(queue);
    } catch (const Error& error) {
        reason = error.reason();
    }
    CHECK(reason == Reason::argument_taken);
}

TEST_CASE("queues that are taken as they are: other properties, and none yet") {
    const test::FileBroker broker;
    const auto topology = broker->topology();
    for (const char* name : {"work", "work.dlq"}) {
        QueueSpec plain;
        plain.name = name;
        plain.type = "classic";
        topology->declare_queue(plain);
    }
    WorkQueueSpec queue{.name = "work", .exchange = "airy.events", .patterns = {"post.*"}};
    queue.as_is = true;
    CHECK(declare_work_queue(*topology, queue).name == "work");
    event::Message message;
    message.exchange = "airy.events";
    message.topic = "post.published";
    broker.publish(message);
    CHECK(declare_work_queue(*topology, queue).ready == 1);
    CHECK(work_queue_declarations(queue).queues.empty());

    queue.name = "fresh";
    declare_work_queue(*topology, queue);
    queue.as_is = false;
    CHECK(declare_work_queue(*topology, queue).ready == 0);  // the same as a declared one
}

TEST_CASE("a work queue without patterns needs no exchange") {
    const test::FileBroker broker;
    const auto topology = broker->topology();
    declare_work_queue(*topology, {.name = "work"});
    CHECK(topology->check_queue("work.dlq").ready == 0);
    CHECK(is_retry_queue_of("work.retry.1000", "work"));
    CHECK_FALSE(is_retry_queue_of("work.retry.", "work"));
    CHECK_FALSE(is_retry_queue_of("work.retry.notes", "work"));
    CHECK_FALSE(is_retry_queue_of("works.retry.1000", "work"));
}

TEST_CASE("a retry queue hands its messages back after the delay, and stays") {
    const WorkQueueSpec queue{.name = "work"};
    const auto spec = retry_queue_spec(queue, std::chrono::milliseconds(1500));
    CHECK(spec.name == "work.retry.1500");
    CHECK(spec.type == "quorum");
    CHECK(argument(spec, "x-message-ttl") == "1500");
    CHECK(argument(spec, "x-dead-letter-exchange") == "''");
    CHECK(argument(spec, "x-dead-letter-routing-key") == "'work'");
    CHECK(argument(spec, "x-expires") == "none");
}
