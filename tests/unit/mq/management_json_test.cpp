// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// The answers are captured from RabbitMQ 3.10.8.
#include <doctest/doctest.h>

#include <string>

#include "mq/amqp/management.hpp"
#include "util/error.hpp"

using namespace airy;

TEST_CASE("the list of queues with the columns asked for") {
    const auto page = mq::amqp::parse_queue_page(
        R"([{"auto_delete":false,"consumers":0,"durable":true,"exclusive":false,"memory":34664,)"
        R"("messages_ready":0,"messages_unacknowledged":0,"name":"log","policy":null,)"
        R"("state":"running","type":"stream"},)"
        R"({"auto_delete":false,"consumers":2,"durable":true,"exclusive":false,"memory":55356,)"
        R"("message_stats":{"publish_details":{"rate":0.6},"deliver_get_details":{"rate":12},)"
        R"("ack_details":{"rate":11.8},"redeliver_details":{"rate":0.2}},"messages_ready":3,)"
        R"("messages_unacknowledged":5,"name":"orders new","policy":null,"state":"running",)"
        R"("type":"quorum"},)"
        R"({"auto_delete":true,"consumers":0,"durable":true,"exclusive":true,)"
        R"("head_message_timestamp":1700000000,"memory":18200,"messages_ready":9007199254740993,)"
        R"("messages_unacknowledged":0,"name":"plain","policy":"short","state":"running",)"
        R"("type":"classic"}])");
    const auto& queues = page.queues;
    REQUIRE(queues.size() == 3);
    CHECK(page.pages == 1);
    CHECK(page.total == 3);
    CHECK(queues[0].name == "log");
    CHECK(queues[0].type == "stream");
    CHECK(queues[0].durable);
    CHECK(queues[0].policy.empty());
    // The queue has statistics, and no message has passed through it.
    REQUIRE(queues[0].rates);
    CHECK(queues[0].rates->publish == 0);
    CHECK_FALSE(queues[0].head_timestamp);

    CHECK(queues[1].name == "orders new");
    CHECK(queues[1].ready == 3);
    CHECK(queues[1].unacked == 5);
    CHECK(queues[1].consumers == 2);
    CHECK(queues[1].memory == 55356);
    REQUIRE(queues[1].rates);
    CHECK(queues[1].rates->publish == doctest::Approx(0.6));
    CHECK(queues[1].rates->deliver == doctest::Approx(12));
    CHECK(queues[1].rates->ack == doctest::Approx(11.8));
    CHECK(queues[1].rates->redeliver == doctest::Approx(0.2));

    CHECK(queues[2].ready == 9007199254740993u);  // 2^53 + 1: not through a double
    CHECK(queues[2].policy == "short");
    CHECK(queues[2].auto_delete);
    CHECK(queues[2].exclusive);
    CHECK(queues[2].head_timestamp == 1700000000);
}

TEST_CASE("the delivery limit of argument and policy, as RabbitMQ takes them together") {
    const auto limit = [](const std::string& argument, const std::string& policy) {
        return mq::amqp::parse_queue(
                   R"({"name":"q","arguments":{"x-queue-type":"quorum")" +
                   (argument.empty() ? "" : R"(,"x-delivery-limit":)" + argument) +
                   R"(},"effective_policy_definition":{)" +
                   (policy.empty() ? "" : R"("delivery-limit":)" + policy) + "}}")
            .delivery_limit;
    };
    CHECK_FALSE(limit("", ""));
    CHECK(limit("3", "") == 3);
    CHECK(limit("", "5") == 5);
    CHECK(limit("3", "5") == 3);
    CHECK(limit("-1", "") == -1);
    CHECK(limit("-1", "5") == 5);
    CHECK(limit("3", "-1") == 3);
    CHECK(limit("-1", "-2") == -1);
    CHECK_FALSE(
        mq::amqp::parse_queue(R"({"name":"q","effective_policy_definition":[]})").delivery_limit);
}

TEST_CASE("a new queue without statistics") {
    const auto queue = mq::amqp::parse_queue(
        R"({"arguments":{"x-queue-type":"quorum"},"auto_delete":false,"durable":true,)"
        R"("exclusive":false,"name":"new","node":"a@b","state":"running","type":"quorum",)"
        R"("message_stats":[],"vhost":"/"})");
    CHECK(queue.name == "new");
    REQUIRE(queue.arguments.size() == 1);
    CHECK(queue.arguments[0].name == "x-queue-type");
    CHECK(queue.arguments[0].value == R"("quorum")");
    CHECK(queue.policy_keys.empty());
    CHECK_FALSE(queue.ready);
    CHECK_FALSE(queue.unacked);
    CHECK_FALSE(queue.consumers);
    CHECK_FALSE(queue.rates);
}

TEST_CASE("bindings") {
    const auto bindings = mq::amqp::parse_bindings(
        R"([{"source":"","vhost":"/","destination":"log","destination_type":"queue",)"
        R"("routing_key":"log","arguments":{},"properties_key":"log"},)"
        R"({"source":"airy.events","vhost":"/","destination":"audit","destination_type":)"
        R"("exchange","routing_key":"post.*","arguments":{},"properties_key":"post.%2A"}])");
    REQUIRE(bindings.size() == 2);
    CHECK(bindings[0].to_queue);
    CHECK(bindings[1].exchange == "airy.events");
    CHECK(bindings[1].pattern == "post.*");
    CHECK_FALSE(bindings[1].to_queue);
}

TEST_CASE("a page of the list of queues") {
    const auto page = mq::amqp::parse_queue_page(
        R"({"filtered_count":501,"item_count":1,"items":[{"name":"a","messages_ready":3}],)"
        R"("page":2,"page_count":2,"page_size":500,"total_count":700})");
    REQUIRE(page.queues.size() == 1);
    CHECK(page.queues[0].ready == 3);
    CHECK(page.pages == 2);
    CHECK(page.total == 501);
}

TEST_CASE("text that is not an answer") {
    CHECK(mq::amqp::parse_queue_page("[]").queues.empty());
    CHECK_THROWS_AS(mq::amqp::parse_queue_page(""), Error);
    CHECK_THROWS_AS(mq::amqp::parse_queue_page("[{\"name\":\"a\"},"), Error);
    CHECK_THROWS_AS(mq::amqp::parse_queue_page("<html>"), Error);
    CHECK_THROWS_AS(mq::amqp::parse_queue_page("{}"), Error);
    CHECK_THROWS_AS(mq::amqp::parse_queue("[]"), Error);
    CHECK_THROWS_AS(mq::amqp::parse_alarms("null"), Error);
    CHECK_THROWS_AS(mq::amqp::parse_alarms("[1]"), Error);
    CHECK_THROWS_AS(mq::amqp::parse_bindings("[[]]"), Error);
    // A queue has a name.
    CHECK_THROWS_AS(mq::amqp::parse_queue("{}"), Error);
    CHECK_THROWS_AS(mq::amqp::parse_queue_page(R"([{"name":7}])"), Error);
    // Other members of unexpected kinds count as missing.
    const auto odd = mq::amqp::parse_queue(
        R"({"name":"q","messages_ready":-1,"durable":"yes","message_stats":"x","consumers":1.5})");
    CHECK_FALSE(odd.ready);
    CHECK_FALSE(odd.consumers);
    CHECK_FALSE(odd.durable);
}
