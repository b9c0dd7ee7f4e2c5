// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/transfer.hpp"

#include <doctest/doctest.h>

#include "tests/support/fake_broker.hpp"

using namespace airy;
using namespace airy::work;
using namespace airy::test;

TEST_CASE("more may be passed over than one subscription can hold") {
    FakeBroker broker;
    util::SignalFd signals;
    constexpr int others = 70'000;  // the protocol's limit is 65,535
    for (int i = 0; i < others; ++i)
        broker.push("from", "other");
    for (int i = 0; i < 5; ++i)
        broker.push("from", "wanted");
    mq::QueueSpec to;
    to.name = "to";
    broker.topology()->declare_queue(to);
    Transfer what;
    what.from = "from";
    what.to = "to";
    what.wanted = [](const mq::Delivered& delivered) { return delivered.message.body == "wanted"; };
    what.copy = [](const event::Message& message) {
        auto copy = message;
        copy.exchange.clear();
        copy.topic = "to";
        return copy;
    };
    const auto done = transfer(broker, what, signals);
    CHECK(done.moved == 5);
    CHECK(done.passed_over == others);
    CHECK(broker.ready("to") == 5);
    CHECK(broker.ready("from") == others);
}
