// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/copies/transfer.hpp"

#include <doctest/doctest.h>

#include <vector>

#include "tests/unit/mq/copies_support.hpp"

using namespace airy;
using namespace airy::mq;

TEST_CASE("a transfer can pass over more messages than one subscription can hold") {
    const test::FileBroker broker;
    util::SignalFd signals;
    constexpr int others = 70'000;  // the protocol's limit is 65,535
    broker.declare("from");
    broker.declare("to");
    broker.push("from", "other", others);
    broker.push("from", "wanted", 5);
    Transfer what;
    what.from = "from";
    what.to = "to";
    what.wanted = [](const Delivered& delivered) { return delivered.message.body == "wanted"; };
    const auto done = broker->transfer(what, signals);
    CHECK(done.moved == 5);
    CHECK(done.passed_over == others);
    CHECK(broker.ready("to") == 5);
    CHECK(broker.ready("from") == others);
}

TEST_CASE("look_into shows every message in order and gives all back") {
    const test::FileBroker broker;
    util::SignalFd signals;
    broker.declare("work");
    for (const char* body : {"a", "b", "c"})
        broker.push("work", body);
    std::vector<std::string> seen;
    const auto see = [&seen](const Delivered& delivered) {
        seen.push_back(delivered.message.body);
        return true;
    };
    const auto look = copies::look_into(*broker, {}, "work", 2, see, signals);
    CHECK(seen == std::vector<std::string>{"a", "b"});
    CHECK(look.seen == 2);
    CHECK(look.left == 1);
    CHECK(look.missing == 0);
    CHECK(look.most_returns == 1);
    CHECK(broker.ready("work") == 3);
    // At the second look, each message has come back once before.
    CHECK(copies::look_into(*broker, {}, "work", 1, see, signals).most_returns == 2);
    CHECK(broker.ready("work") == 3);
}

TEST_CASE("messages that a transfer passes over stay, however low the delivery limit is") {
    const test::FileBroker broker;
    util::SignalFd signals;
    QueueSpec from;
    from.name = "from";
    from.arguments = {{"x-delivery-limit", {std::int64_t{1}}}};
    broker->topology()->declare_queue(from);
    broker.declare("to");
    for (const char* body : {"a", "b", "wanted", "c"})
        broker.push("from", body);
    Transfer what;
    what.from = "from";
    what.to = "to";
    what.limit = 1;  // the others are in hand when it ends
    what.wanted = [](const Delivered& delivered) { return delivered.message.body == "wanted"; };
    std::uint64_t moved = 0;
    for (int i = 0; i < 5; ++i) {
        const auto done = broker->transfer(what, signals);
        moved += done.moved;
        CHECK(done.missing == 0);
        CHECK(broker.ready("from") == 3);
    }
    CHECK(moved == 1);
}
