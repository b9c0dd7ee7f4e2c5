// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/policy.hpp"

#include <doctest/doctest.h>

using namespace airy;
using namespace airy::work;
using std::chrono::milliseconds;

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
        {Verdict::cannot_run, OnError::retry, {0, 0}, Action::give_back, 0},
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

TEST_CASE("a delay that the handler wants is rounded up to the next one that other retries have") {
    const RetryPolicy policy;  // 1, 2, 4 … 256 and 300 s
    const std::pair<int, int> rows[] = {
        {100, 1000},        {1000, 1000},       {1001, 2000},
        {7000, 8000},       {256'000, 256'000}, {257'000, 300'000},
        {300'000, 300'000}, {300'001, 600'000}, {601'000, 1'200'000},
    };
    for (const auto& [wanted, rounded] : rows) {
        CAPTURE(wanted);
        CHECK(rounded_up(policy, milliseconds(wanted)) == milliseconds(rounded));
        const auto decision = decide(Verdict::retry, {}, policy, 20, milliseconds(wanted));
        CHECK(decision.action == Action::retry);
        CHECK(decision.delay == milliseconds(wanted));
        CHECK(decision.at_most == milliseconds(rounded));
    }
    CHECK(decide(Verdict::retry, {}, policy, 20, milliseconds(0)).delay == milliseconds(100));
    CHECK(decide(Verdict::retry, {}, policy, 20, std::chrono::years(100)).delay ==
          std::chrono::hours(24 * 7));
    CHECK(decide(Verdict::retry, {4, 0}, policy, 20, milliseconds(5000)).action ==
          Action::dead_letter);
    CHECK(decide(Verdict::retry, {}, policy, 20).at_most == milliseconds(0));
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

TEST_CASE("a handler's own delay is the delay of a retry, and decides nothing else") {
    CHECK(decide(Verdict::retry, {3, 0}, {}, 0, milliseconds(42'000)).delay ==
          milliseconds(42'000));
    CHECK(decide(Verdict::retry, {0, 0}, {}, 0, milliseconds(0)).delay == shortest_retry_delay);
    CHECK(decide(Verdict::retry, {4, 0}, {}, 0, milliseconds(42'000)).action ==
          Action::dead_letter);
    CHECK(decide(Verdict::requeue, {0, 0}, {}, 0, milliseconds(42'000)).delay == milliseconds(0));
}

TEST_CASE("in place, what would leave is kept, with the same delays and limits") {
    const RetryPolicy policy{.in_place = true};
    const auto first = decide(Verdict::retry, {0, 0}, policy, 20);
    CHECK(first.action == Action::keep);
    CHECK(first.delay == milliseconds(1000));
    CHECK(first.failure);
    CHECK(decide(Verdict::retry, {4, 0}, policy, 20).action == Action::dead_letter);
    CHECK(decide(Verdict::requeue, {0, 3}, policy, 20).action == Action::keep);
    CHECK(decide(Verdict::requeue, {0, 3}, policy, 20).delay == milliseconds(250));
    CHECK(decide(Verdict::requeue, {0, 20}, policy, 20).action == Action::dead_letter);
    CHECK(decide(Verdict::not_handled, {0, 0}, policy, 20).action == Action::keep);
    CHECK_FALSE(decide(Verdict::not_handled, {0, 0}, policy, 20).failure);
    CHECK(decide(Verdict::success, {0, 0}, policy, 20).action == Action::ack);
    CHECK(decide(Verdict::reject, {0, 0}, policy, 20).action == Action::dead_letter);
    CHECK(decide(Verdict::cannot_run, {0, 0}, policy, 20).action == Action::give_back);
}

TEST_CASE("an account tells why a message was given up") {
    CHECK(why(Verdict::reject, {}) == "rejected");
    CHECK(why(Verdict::reject, {.on_error = OnError::dead_letter}) == "rejected");
    CHECK(why(Verdict::retry, {}) == "attempts");
    CHECK(why(Verdict::retry, {.on_error = OnError::dead_letter}) == "on-error");
    CHECK(why(Verdict::retry, {.on_error = OnError::requeue}) == "delivery-limit");
    CHECK(why(Verdict::requeue, {}) == "delivery-limit");
}
