// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/confirm_window.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace airy;
using mq::amqp::ConfirmWindow;

namespace {

// "c1 u2 r3": confirmed 1, unroutable 2, refused 3.
std::string spell(const std::vector<mq::PublisherEvent>& events) {
    std::string out;
    for (const auto& event : events) {
        if (!out.empty()) out += ' ';
        if (const auto* confirmed = std::get_if<mq::Confirmed>(&event))
            out += "c" + std::to_string(confirmed->sequence);
        if (const auto* unroutable = std::get_if<mq::Unroutable>(&event))
            out += "u" + std::to_string(unroutable->sequence);
        if (const auto* refused = std::get_if<mq::Refused>(&event))
            out += "r" + std::to_string(refused->sequence);
    }
    return out;
}

struct Case {
    ConfirmWindow window;
    std::vector<mq::PublisherEvent> events;

    explicit Case(int messages) {
        for (int i = 1; i <= messages; ++i)
            window.published(static_cast<std::uint64_t>(i), {static_cast<std::uint64_t>(i), {}});
    }
    std::string settle(std::uint64_t tag, bool multiple, bool acknowledged = true) {
        events.clear();
        window.settle(tag, multiple, acknowledged, events);
        return spell(events);
    }
};

}  // namespace

TEST_CASE("each message gets one outcome, by single and multiple confirms") {
    Case c(6);
    CHECK(c.settle(2, false) == "c2");
    CHECK(c.settle(4, true) == "c1 c3 c4");
    CHECK(c.settle(4, true) == "");
    CHECK(c.settle(2, false) == "");
    CHECK(c.window.size() == 2);
    CHECK(c.settle(0, true) == "c5 c6");
    CHECK(c.window.size() == 0);
}

TEST_CASE("an empty window ignores any tag") {
    Case c(0);
    CHECK(c.settle(0, true) == "");
    CHECK(c.settle(9, false) == "");
    CHECK(c.settle(9, true) == "");
}

TEST_CASE("a tag beyond the window settles the messages in it and no others") {
    Case c(2);
    CHECK(c.settle(900, true) == "c1 c2");
}

TEST_CASE("the ack of a returned message means not delivered") {
    Case c(3);
    CHECK(c.window.returned(2, 312, "NO_ROUTE"));
    CHECK(c.settle(3, true) == "c1 u2 c3");
    const auto* unroutable = std::get_if<mq::Unroutable>(&c.events[1]);
    REQUIRE(unroutable != nullptr);
    CHECK(unroutable->code == 312);
    CHECK(unroutable->reason == "NO_ROUTE");
}

TEST_CASE("a nack means refused, also of a returned message") {
    Case c(2);
    CHECK(c.window.returned(1, 312, "NO_ROUTE"));
    CHECK(c.settle(2, true, false) == "r1 r2");
}

TEST_CASE("equal messages are returned one by one, an unknown one is refused") {
    ConfirmWindow window;
    window.published(7, {1, {}});
    window.published(7, {2, {}});
    window.published(8, {3, {}});
    CHECK(window.returned(7, 312, "NO_ROUTE"));
    CHECK(window.returned(7, 312, "NO_ROUTE"));
    CHECK_FALSE(window.returned(7, 312, "NO_ROUTE"));
    CHECK_FALSE(window.returned(9, 312, "NO_ROUTE"));
    std::vector<mq::PublisherEvent> events;
    window.settle(3, true, true, events);
    CHECK(spell(events) == "u1 u2 c3");
}

TEST_CASE("the fingerprint tells topic, id and body apart") {
    const auto print = ConfirmWindow::fingerprint("a", "b", "c");
    CHECK(print == ConfirmWindow::fingerprint("a", "b", "c"));
    CHECK(print != ConfirmWindow::fingerprint("x", "b", "c"));
    CHECK(print != ConfirmWindow::fingerprint("a", "x", "c"));
    CHECK(print != ConfirmWindow::fingerprint("a", "b", "x"));
    CHECK(ConfirmWindow::fingerprint("ab", "", "") != ConfirmWindow::fingerprint("a", "b", ""));
}

TEST_CASE("unsettled messages of a lost channel come back in order, with their numbers") {
    ConfirmWindow window;
    std::vector<mq::PublisherEvent> events;
    for (std::uint64_t i = 1; i <= 5; ++i) {
        event::Message message;
        message.body = std::to_string(i);
        window.published(i, {i, message});
    }
    CHECK(window.bytes() == 5);
    window.settle(2, false, true, events);
    window.settle(4, false, true, events);
    CHECK(window.returned(3, 312, "NO_ROUTE"));
    CHECK(window.bytes() == 3);
    auto open = window.restart();
    REQUIRE(open.size() == 3);
    CHECK(window.size() == 0);
    CHECK(window.bytes() == 0);

    // On the next channel the tags begin at 1 again, and returns of the last channel are forgotten.
    for (auto& next : open) {
        CHECK(next.message.body == std::to_string(next.sequence));
        window.published(next.sequence, std::move(next));
    }
    events.clear();
    window.settle(2, true, true, events);
    window.settle(3, false, false, events);
    CHECK(spell(events) == "c1 c3 r5");
}

TEST_CASE("a refused message is given back only where that is asked for") {
    for (const bool give_back : {false, true}) {
        ConfirmWindow window(give_back);
        event::Message message;
        message.body = "body";
        window.published(1, {1, message});
        window.published(2, {2, message});
        CHECK(window.oldest() == 1);
        std::vector<mq::PublisherEvent> events;
        window.settle(1, false, false, events);
        window.settle(2, false, true, events);
        CHECK(spell(events) == "r1 c2");
        CHECK(window.bytes() == 0);
        const auto& refused = std::get<mq::Refused>(events.front());
        CHECK(refused.reason.empty());
        CHECK((refused.message != nullptr) == give_back);
        if (give_back) CHECK(refused.message->body == "body");
        CHECK(window.restart().empty());
    }
}
