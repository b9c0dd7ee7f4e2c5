// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "inspect/trouble.hpp"

#include <doctest/doctest.h>

namespace airy::inspect {
namespace {

using namespace std::chrono_literals;
using Kind = Trouble::Kind;

// All four slots are taken, and four messages wait.
Consumer full(std::chrono::nanoseconds oldest) {
    work::ConsumerStatus status;
    status.state = work::ConsumerState::running;
    status.cap = status.running = 4;
    status.in_flight = 8;
    status.tasks.push_back({"post.published", "id", 1, oldest});
    return {"name", 1, "/run/name", status};
}

std::optional<Kind> kind(const Consumer& consumer) {
    const auto found = trouble(consumer);
    return found ? std::optional(found->kind) : std::nullopt;
}

TEST_CASE("a consumer that does not answer is in trouble, an idle one is not") {
    CHECK(kind({"name", 1, "/run/name", {}}) == Kind::silent);
    CHECK_FALSE(trouble({"name", 1, "/run/name", work::ConsumerStatus{}}));
}

TEST_CASE("hung: no handler ends, for longer than any has ever taken") {
    CHECK(kind(full(42s)) == Kind::hung);
    // The handlers may just be slow.
    CHECK(trouble(full(42s))->why ==
          "hung, or very slow: the oldest of 4 runs 42s, none has ended yet");
    CHECK_FALSE(trouble(full(9s)));
    auto consumer = full(42s);
    consumer.status->run.max = 15s;
    CHECK_FALSE(trouble(consumer));
    consumer.status->run.max = 14s;
    consumer.status->run.count = 1;
    CHECK(trouble(consumer)->why == "hung: the oldest of 4 runs 42s, none has ended for 10s");
    consumer.status->handled_rates.ten_seconds = 0.1;
    CHECK_FALSE(trouble(consumer));
}

TEST_CASE("hung: the whole prefetch runs, fewer than the slots, and more is ready") {
    auto consumer = full(42s);
    auto& status = *consumer.status;
    status.queue = "work";
    status.free = 4;
    status.in_flight = status.running;
    mq::QueueReport own;
    own.queue.name = "work";
    own.queue.ready = 3;
    mq::QueueReport other = own;
    other.queue.name = "other";
    CHECK(trouble(consumer, {other, own})->kind == Kind::hung);
    // No message waits: the handlers may be slow.
    CHECK_FALSE(trouble(consumer));
    CHECK_FALSE(trouble(consumer, {other}));
    own.queue.ready = 0;
    CHECK_FALSE(trouble(consumer, {own}));
    own.queue.ready = 3;
    // The consumer takes no more on purpose, or the taken messages can still start.
    status.state = work::ConsumerState::draining;
    CHECK_FALSE(trouble(consumer, {own}));
    status.state = work::ConsumerState::running;
    status.in_flight = 5;
    CHECK_FALSE(trouble(consumer, {own}));
}

TEST_CASE("failing: a tenth of the last minute, with the last reason") {
    auto consumer = full(1s);
    auto& status = *consumer.status;
    status.handled_rates.minute = 9;
    status.failed_rates.minute = 0.9;
    CHECK_FALSE(trouble(consumer));
    status.failed_rates.minute = 1;
    CHECK(trouble(consumer)->why == "failing: 10% of 10.0/s");
    status.failures.push_back({{}, "post.published", "id", "exit 1: no such host"});
    CHECK(trouble(consumer)->why == "failing: 10% of 10.0/s, last: exit 1: no such host");
    status.failed_rates.minute = 0;
    CHECK_FALSE(trouble(consumer));
}

TEST_CASE("slow: all slots taken by slow handlers, and messages wait") {
    auto consumer = full(500ms);
    auto& status = *consumer.status;
    status.run.count = 10;
    status.run.p50 = status.run.max = 500ms;
    status.handled_rates.ten_seconds = 8;
    CHECK(trouble(consumer)->why == "slow: all 4 slots taken, a handler takes 500ms (p50), 8.0/s");
    status.in_flight = 4;
    CHECK_FALSE(trouble(consumer));
    // A consumer of slow handlers takes none ahead: they wait in the queue.
    status.queue = "work";
    mq::QueueReport report;
    report.queue.name = "work";
    report.queue.ready = 1;
    CHECK(trouble(consumer, {report})->kind == Kind::slow);
    report.queue.ready = 0;
    CHECK_FALSE(trouble(consumer, {report}));
    // Without the queue, by the share of time in which the slots were taken.
    status.run.sum = 5s;
    CHECK(kind(consumer) == Kind::slow);
    CHECK_FALSE(trouble(consumer, {report}));
    status.handled_rates.ten_seconds = 6;
    CHECK_FALSE(trouble(consumer));
    status.handled_rates.ten_seconds = 8;
    status.in_flight = 8;
    status.run.p50 = 99ms;
    CHECK_FALSE(trouble(consumer));
    status.run.p50 = 500ms;
    status.free = 1;
    CHECK_FALSE(trouble(consumer));
}

}  // namespace
}  // namespace airy::inspect
