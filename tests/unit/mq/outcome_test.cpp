// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/outcome.hpp"

#include <doctest/doctest.h>

#include "tests/unit/mq/copies_support.hpp"
#include "util/error.hpp"

using namespace airy;
using namespace airy::mq;

TEST_CASE("each outcome has its sequence number, code and reason") {
    CHECK(outcome_of(Confirmed{3})->delivered());
    CHECK(outcome_of(Confirmed{3})->sequence == 3);
    const auto returned = outcome_of(Unroutable{4, 312, "NO_ROUTE"});
    REQUIRE(returned);
    CHECK_FALSE(returned->delivered());
    CHECK(returned->kind == Outcome::Kind::unroutable);
    CHECK(returned->code == 312);
    CHECK(returned->reason == "NO_ROUTE");
    CHECK(outcome_of(Refused{5})->kind == Outcome::Kind::refused);
    CHECK(outcome_of(Refused{5})->reason.empty());
    CHECK(outcome_of(Refused{5, "the broker closes the channel for it"})->reason ==
          "the broker closes the channel for it");
    CHECK_FALSE(outcome_of(Blocked{"memory"}));
    CHECK_FALSE(outcome_of(Restored{}));
}

TEST_CASE("a lost connection throws the error that ended it") {
    const auto error = std::make_exception_ptr(Error(ErrorKind::unreachable, "it went away"));
    CHECK_THROWS_WITH_AS(throw_if_lost(Lost{error}), "it went away", Error);
    throw_if_lost(Confirmed{1});
}

TEST_CASE("one message is published and its outcome awaited") {
    const test::FileBroker broker;
    broker.declare("there");
    const auto publisher = broker->publisher({});
    constexpr std::chrono::seconds patience{20};
    event::Message message;
    message.topic = "there";
    const auto delivered = publish_one(*publisher, message, patience);
    REQUIRE(delivered);
    CHECK(delivered->delivered());
    message.topic = "nowhere";
    const auto returned = publish_one(*publisher, message, patience);
    REQUIRE(returned);
    CHECK(returned->kind == Outcome::Kind::unroutable);
    CHECK(broker.ready("there") == 1);
}
