// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/policy.hpp"

#include <doctest/doctest.h>
#include <signal.h>

using namespace airy;
using namespace airy::work;
using std::chrono::milliseconds;
using Kind = ChildResult::Kind;

TEST_CASE("the exit status decides the verdict") {
    struct Row {
        int status;
        Verdict verdict;
    };
    const Row rows[] = {
        {0, Verdict::success}, {1, Verdict::retry},   {2, Verdict::retry},   {3, Verdict::reject},
        {4, Verdict::requeue}, {5, Verdict::reject},  {6, Verdict::requeue}, {7, Verdict::retry},
        {64, Verdict::retry},  {65, Verdict::reject}, {66, Verdict::retry},  {75, Verdict::retry},
        {126, Verdict::retry}, {127, Verdict::retry}, {137, Verdict::retry}, {255, Verdict::retry},
    };
    for (const auto& row : rows) {
        CAPTURE(row.status);
        CHECK(judge({Kind::exited, row.status, "x"}).verdict == row.verdict);
    }
}

TEST_CASE("the reason says what happened, with the last line of stderr") {
    CHECK(judge({Kind::exited, 0, "chatter"}).reason.empty());
    CHECK(judge({Kind::exited, 75, "db is down"}).reason == "exit status 75: db is down");
    CHECK(judge({Kind::exited, 1, ""}).reason == "exit status 1");
    CHECK(judge({Kind::signalled, SIGKILL, ""}).reason == "killed by SIGKILL");
    CHECK(judge({Kind::signalled, SIGKILL, ""}).verdict == Verdict::retry);
    CHECK(judge({Kind::timed_out, 0, "slow"}).reason == "timed out: slow");
    CHECK(judge({Kind::timed_out, 0, ""}).verdict == Verdict::retry);
    CHECK(judge({Kind::stopped, 0, ""}).verdict == Verdict::not_handled);
    CHECK(judge({Kind::cannot_start, ENOENT, ""}).verdict == Verdict::cannot_run);
    CHECK(judge({Kind::cannot_start, ENOENT, ""}).reason == "No such file or directory");
}

TEST_CASE("the verdict decides the settlement") {
    struct Row {
        Verdict verdict;
        mq::Settlement settlement;
        bool final;
        bool failure;
    };
    const Row rows[] = {
        {Verdict::success, mq::Settlement::ack, true, false},
        {Verdict::reject, mq::Settlement::dead_letter, true, true},
        {Verdict::retry, mq::Settlement::requeue, false, true},
        {Verdict::requeue, mq::Settlement::requeue, false, true},
        {Verdict::cannot_run, mq::Settlement::requeue, false, true},
        {Verdict::not_handled, mq::Settlement::requeue, false, false},
    };
    for (const auto& row : rows) {
        CAPTURE(static_cast<int>(row.verdict));
        const auto decision = decide(row.verdict, 1, 20);
        CHECK(decision.settlement == row.settlement);
        CHECK(decision.final == row.final);
        CHECK(decision.failure == row.failure);
        CHECK(decision.delay == milliseconds(0));
    }
}

TEST_CASE("a message that keeps coming back is held back longer and longer") {
    const int expected[] = {0, 250, 500, 1000, 2000, 4000, 8000, 10'000, 10'000};
    unsigned attempt = 1;
    for (const int delay : expected) {
        CAPTURE(attempt);
        CHECK(decide(Verdict::retry, attempt, 0).delay == milliseconds(delay));
        CHECK(decide(Verdict::requeue, attempt, 0).delay == milliseconds(delay));
        ++attempt;
    }
    CHECK(decide(Verdict::retry, 1'000'000, 0).delay == milliseconds(10'000));
    CHECK(decide(Verdict::not_handled, 9, 0).delay == milliseconds(0));
    CHECK(decide(Verdict::success, 9, 0).delay == milliseconds(0));
}

TEST_CASE("what the broker would dead-letter is given up") {
    CHECK(decide(Verdict::retry, 20, 20).settlement == mq::Settlement::requeue);
    const auto last = decide(Verdict::retry, 21, 20);
    CHECK(last.settlement == mq::Settlement::dead_letter);
    CHECK(last.final);
    CHECK(last.failure);
    CHECK(decide(Verdict::requeue, 21, 20).settlement == mq::Settlement::dead_letter);
    CHECK(decide(Verdict::not_handled, 21, 20).settlement == mq::Settlement::requeue);
    CHECK(decide(Verdict::retry, 1000, 0).settlement == mq::Settlement::requeue);
}

TEST_CASE("the attempt comes from what the broker says") {
    mq::Delivered delivered;
    CHECK(delivery_attempt(delivered) == 1);
    delivered.redelivered = true;
    CHECK(delivery_attempt(delivered) == 2);
    delivered.message.headers = {{"x-delivery-count", {std::int64_t{4}}}};
    CHECK(delivery_attempt(delivered) == 5);
    delivered.message.headers = {{"x-delivery-count", {std::uint8_t{4}}}};
    CHECK(delivery_attempt(delivered) == 5);
    delivered.message.headers = {{"x-delivery-count", {std::int64_t{-4}}}};
    CHECK(delivery_attempt(delivered) == 2);
    delivered.message.headers = {{"x-delivery-count", {std::string("many")}}};
    CHECK(delivery_attempt(delivered) == 2);
    delivered.message.headers = {{"x-delivery-count", {std::int64_t{INT64_MAX}}}};
    CHECK(delivery_attempt(delivered) == 1'000'001);
}
