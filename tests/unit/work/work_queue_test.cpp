// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/work_queue.hpp"

#include <doctest/doctest.h>

#include "tests/support/fake_broker.hpp"

using namespace airy;
using namespace airy::work;

namespace {

std::string argument(const mq::QueueSpec& spec, std::string_view name) {
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
    WorkQueue queue{"work", "airy.events", {"post.*"}};
    auto spec = work_queue_spec(queue);
    CHECK(spec.type == "quorum");
    CHECK(spec.durable);
    CHECK(argument(spec, "x-dead-letter-exchange") == "''");
    CHECK(argument(spec, "x-dead-letter-routing-key") == "'work.dlq'");
    CHECK(argument(spec, "x-dead-letter-strategy") == "'at-least-once'");
    CHECK(argument(spec, "x-overflow") == "'reject-publish'");
    CHECK(argument(spec, "x-delivery-limit") == "20");

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

TEST_CASE("declaring makes all of it, twice the same, and refuses what differs") {
    test::FakeBroker broker;
    const auto topology = broker.topology();
    WorkQueue queue{"work", "airy.events", {"post.*", "vote.#"}};
    declare_work_queue(*topology, queue);
    declare_work_queue(*topology, queue);
    CHECK(topology->check_queue("work.dlq").ready == 0);

    const auto publisher = broker.publisher({});
    for (const char* topic : {"post.published", "vote.created", "user.followed"}) {
        event::Message message;
        message.exchange = "airy.events";
        message.topic = topic;
        message.body = topic;
        publisher->try_submit(message);
    }
    CHECK(broker.bodies("work") == std::vector<std::string>{"post.published", "vote.created"});

    queue.type = "classic";
    CHECK_THROWS_AS(declare_work_queue(*topology, queue), Error);
}
