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

TEST_CASE(
    "a result carries what a dead letter tells: the last line, and the exit as shells have it") {
    CHECK(judge({Kind::exited, 65, "bad"}).exit == 65);
    CHECK(judge({Kind::exited, 65, "bad"}).error_line == "bad");
    CHECK(judge({Kind::signalled, SIGKILL, "x"}).exit == 137);
    CHECK(judge({Kind::timed_out, 0, "x"}).exit == 124);
    CHECK_FALSE(judge({Kind::stopped, 0, ""}).exit.has_value());
}

TEST_CASE("verdict, history and policy decide the action") {
    struct Row {
        Verdict verdict;
        OnError on_error;
        History history;
        Action action;
        int delay;  // ms
    };
    const Row rows[] = {
        {Verdict::success, OnError::retry, {9, 9}, Action::ack, 0},
        {Verdict::reject, OnError::retry, {0, 0}, Action::dead_letter, 0},
        {Verdict::reject, OnError::discard, {0, 0}, Action::dead_letter, 0},
        {Verdict::not_handled, OnError::retry, {9, 99}, Action::give_back, 0},
        {Verdict::cannot_run, OnError::retry, {0, 0}, Action::requeue, 0},
        // Five attempts, with 1, 2, 4 and 8 s between them.
        {Verdict::retry, OnError::retry, {0, 0}, Action::retry, 1000},
        {Verdict::retry, OnError::retry, {1, 0}, Action::retry, 2000},
        {Verdict::retry, OnError::retry, {2, 30}, Action::retry, 4000},
        {Verdict::retry, OnError::retry, {3, 0}, Action::retry, 8000},
        {Verdict::retry, OnError::retry, {4, 0}, Action::dead_letter, 0},
        {Verdict::retry, OnError::retry, {400, 0}, Action::dead_letter, 0},
        {Verdict::retry, OnError::dead_letter, {0, 0}, Action::dead_letter, 0},
        {Verdict::retry, OnError::discard, {0, 0}, Action::discard, 0},
        // At once three times, then slower and slower, until the broker's limit.
        {Verdict::retry, OnError::requeue, {0, 0}, Action::requeue, 0},
        {Verdict::requeue, OnError::retry, {0, 0}, Action::requeue, 0},
        {Verdict::requeue, OnError::retry, {0, 2}, Action::requeue, 0},
        {Verdict::requeue, OnError::retry, {0, 3}, Action::requeue, 250},
        {Verdict::requeue, OnError::retry, {0, 5}, Action::requeue, 1000},
        {Verdict::requeue, OnError::retry, {0, 19}, Action::requeue, 10'000},
        {Verdict::requeue, OnError::retry, {0, 20}, Action::dead_letter, 0},
        {Verdict::retry, OnError::requeue, {0, 20}, Action::dead_letter, 0},
    };
    for (const auto& row : rows) {
        CAPTURE(&row - rows);
        const auto decision = decide(row.verdict, row.history, {.on_error = row.on_error}, 20);
        CHECK(decision.action == row.action);
        CHECK(decision.delay == milliseconds(row.delay));
        const bool failure = row.verdict != Verdict::success && row.verdict != Verdict::not_handled;
        CHECK(decision.failure == failure);
    }
    CHECK(decide(Verdict::requeue, {0, 1'000'000}, {}, 0).delay == milliseconds(10'000));
}

TEST_CASE("delays double up to the longest, and none is so short that it makes a hot loop") {
    RetryPolicy policy;
    CHECK(retry_delay(policy, 1) == milliseconds(1000));
    CHECK(retry_delay(policy, 9) == milliseconds(256'000));
    CHECK(retry_delay(policy, 10) == milliseconds(300'000));
    CHECK(retry_delay(policy, 4'000'000'000) == milliseconds(300'000));
    policy.delay = milliseconds(0);
    policy.longest_delay = milliseconds(0);
    CHECK(retry_delay(policy, 1) == shortest_retry_delay);
    CHECK(retry_delay(policy, 7) == shortest_retry_delay);
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

TEST_CASE("attempts that failed before count, wherever the message has been since") {
    mq::Delivered delivered;
    CHECK(failures_of(delivered) == 0);
    delivered.message.headers = {{"x-airy-attempts", {std::int64_t{3}}},
                                 {"x-delivery-count", {std::int64_t{1}}}};
    CHECK(failures_of(delivered) == 3);
    CHECK(returns_of(delivered) == 1);
    CHECK(delivery_attempt(delivered) == 5);
}
