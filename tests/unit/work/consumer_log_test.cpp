// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/consumer_log.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "tests/support/manual_clock.hpp"
#include "util/log.hpp"

namespace airy::work {
namespace {

using namespace std::chrono_literals;
using Lines = std::vector<std::string>;

Lines lines;

void keep(std::string_view line) noexcept {
    lines.emplace_back(line.substr(0, line.find('\n')));
}

// Keeps the lines of one test case.
struct Kept {
    explicit Kept(util::LogLevel level = util::LogLevel::warn) {
        lines.clear();
        util::log_init(level, util::LogFormat::text, false, keep);
    }
    ~Kept() { util::log_init(util::LogLevel::warn, util::LogFormat::text, false, nullptr); }
};

mq::Delivered message() {
    mq::Delivered delivered;
    delivered.message.topic = "post.published";
    delivered.message.properties.message_id = "m-1";
    delivered.queue = "posts";
    delivered.attempts = 1;
    return delivered;
}

const HandlerResult result{.verdict = Verdict::retry, .reason = "exit status 1"};

}  // namespace

TEST_CASE("a failure is told with its reason and what is done about it") {
    const Kept kept;
    test::ManualClock clock;
    ConsumerLog log("orders", false, clock);
    log.failed(message(), result, {Action::retry, 2000ms, true});
    log.failed(message(), result, {Action::dead_letter, 0ms, true});
    log.failed(message(), result, {Action::requeue, 0ms, true});
    REQUIRE(lines.size() == 3);
    CHECK(lines[0] ==
          "warn: message will be tried again topic=post.published message_id=m-1 attempt=2 "
          "reason=\"exit status 1\" delay_ms=2000");
    CHECK(lines[1].starts_with("warn: message given up "));
    CHECK(lines[2].starts_with("warn: message goes back to the queue "));
}

TEST_CASE("five failures a second are warnings, the others are only information") {
    const Kept kept(util::LogLevel::info);
    test::ManualClock clock;
    ConsumerLog log("orders", false, clock);
    for (int i = 0; i < 6; ++i)
        log.failed(message(), result, {Action::retry, 2000ms, true});
    clock.advance(1s);
    log.failed(message(), result, {Action::retry, 2000ms, true});
    REQUIRE(lines.size() == 7);
    for (const std::size_t warning : {0, 4, 6})
        CHECK(lines[warning].starts_with("warn: "));
    CHECK(lines[5].starts_with("info: "));
}

TEST_CASE("a line for each message that is settled, when it is wanted") {
    const Kept kept(util::LogLevel::info);
    test::ManualClock clock;
    ConsumerLog silent("orders", false, clock);
    silent.concluded(message(), Conclusion::ack, {});
    CHECK(lines.empty());
    ConsumerLog log("orders", true, clock);
    log.concluded(message(), Conclusion::dead_letter, {1500us, 2ms});
    CHECK(lines == Lines{"info: settled consumer=orders queue=posts topic=post.published "
                         "event_id=m-1 attempt=2 wait_ms=1.5 run_ms=2 settlement=dead_letter"});
}

TEST_CASE("the event_id of the body stands in for a message_id, and neither is told") {
    const Kept kept(util::LogLevel::info);
    test::ManualClock clock;
    ConsumerLog log("orders", true, clock);
    auto delivered = message();
    delivered.message.properties.message_id.reset();
    delivered.message.body = R"({"event_id":"e-1"})";
    log.failed(delivered, result, {Action::retry, 2000ms, true});
    log.concluded(delivered, Conclusion::ack, {});
    log.without_id(delivered);
    REQUIRE(lines.size() == 3);
    CHECK(lines[0].find(" message_id=e-1 ") != std::string::npos);
    CHECK(lines[1].find(" event_id=e-1 ") != std::string::npos);
    CHECK(lines[2] ==
          "warn: a message has no message_id and no event_id: such messages are never found to be "
          "duplicates queue=posts topic=post.published");
}

TEST_CASE("what cannot be carried out, and what happens to the connection, are told") {
    const Kept kept(util::LogLevel::info);
    test::ManualClock clock;
    ConsumerLog log("orders", false, clock);
    const Error full(ErrorKind::undelivered, "full");
    log.not_settled(message(), Action::retry, full);
    log.not_settled(message(), Action::dead_letter, full);
    const mq::Interrupted loss{std::make_exception_ptr(full), 250ms, 2};
    log.interrupted(loss, true);
    log.interrupted(loss, false);
    log.restored(4);
    log.breaker_opened(5s, message());
    log.breaker_closed();
    log.drain_time_over(3);
    CHECK(
        lines ==
        Lines{"warn: cannot put a message into its retry queue: holding it here until then "
              "queue=posts "
              "reason=full",
              "warn: cannot write a dead letter: holding its message here to try again queue=posts "
              "reason=full",
              "warn: not connected, trying again reason=full attempt=3 in_ms=250",
              "info: not connected, trying again reason=full attempt=3 in_ms=250",
              "warn: connected again reconnects=4",
              "warn: too many failures in a row: pausing, then trying one message pause_s=5 "
              "topic=post.published",
              "warn: a handler succeeded: consuming again",
              "info: asking running handlers to stop messages=3"});
}

}  // namespace airy::work
