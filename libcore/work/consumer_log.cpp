// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/consumer_log.hpp"

#include <chrono>
#include <string_view>

#include "event/event_id.hpp"
#include "pool/outcome.hpp"
#include "util/log.hpp"

namespace airy::work {
namespace {

const char* sentence_of(Action action) {
    switch (action) {
        case Action::retry:
        case Action::keep:
            return "message will be tried again";
        case Action::dead_letter:
        case Action::discard:
            return "message given up";
        default:
            return "message goes back to the queue";
    }
}

double milliseconds_of(std::chrono::nanoseconds time) {
    return std::chrono::duration<double, std::milli>(time).count();
}

}  // namespace

void ConsumerLog::failed(const mq::Delivered& delivered, const HandlerResult& result,
                         const Decision& decision) {
    // A queue full of bad messages must not flood the log.
    constexpr unsigned warnings_a_second = 5;
    const auto now = clock_.steady();
    if (now - failures_since_ >= std::chrono::seconds(1)) {
        failures_since_ = now;
        failures_ = 0;
    }
    const auto level =
        ++failures_ <= warnings_a_second ? util::LogLevel::warn : util::LogLevel::info;
    if (!util::log_enabled(level)) return;
    util::log(level, sentence_of(decision.action),
              {{"topic", delivered.message.topic},
               {"message_id", event::id_of(delivered.message)},
               {"attempt", delivered.attempt()},
               {"reason", result.reason},
               {"delay_ms", decision.delay.count()}});
}

void ConsumerLog::concluded(const mq::Delivered& delivered, Conclusion conclusion,
                            const Course& course) {
    if (!each_message_) return;
    util::log(util::LogLevel::info, "settled",
              {{"consumer", consumer_},
               {"queue", delivered.queue},
               {"topic", delivered.message.topic},
               {"event_id", event::id_of(delivered.message)},
               {"attempt", delivered.attempt()},
               {"wait_ms", milliseconds_of(course.wait)},
               {"run_ms", milliseconds_of(course.run)},
               {"settlement", to_string(conclusion)}});
}

void ConsumerLog::without_id(const mq::Delivered& delivered) {
    util::log_warn(
        "a message has no message_id and no event_id: such messages are never found to be "
        "duplicates",
        {{"queue", delivered.queue}, {"topic", delivered.message.topic}});
}

void ConsumerLog::without_key(const mq::Delivered& delivered) {
    util::log_warn("a message has no key: such messages run in any order, beside each other",
                   {{"queue", delivered.queue}, {"topic", delivered.message.topic}});
}

void ConsumerLog::not_settled(const mq::Delivered& delivered, Action action, const Error& error) {
    util::log_warn(action == Action::retry
                       ? "cannot put a message into its retry queue: holding it here until then"
                       : "cannot write a dead letter: holding its message here to try again",
                   {{"queue", delivered.queue}, {"reason", error.what()}});
}

void ConsumerLog::breaker_opened(std::chrono::seconds pause, const mq::Delivered& last) {
    util::log_warn("too many failures in a row: pausing, then trying one message",
                   {{"pause_s", pause.count()}, {"topic", last.message.topic}});
}

void ConsumerLog::breaker_closed() {
    util::log_warn("a handler succeeded: consuming again");
}

void ConsumerLog::service_absent(std::chrono::seconds pause, const mq::Delivered&,
                                 std::string_view reason, bool first) {
    util::log(first ? util::LogLevel::warn : util::LogLevel::info,
              "the handlers' service is not there: waiting for it",
              {{"reason", reason}, {"pause_s", pause.count()}});
}

void ConsumerLog::service_present() {
    util::log_warn("the handlers' service is there again: consuming");
}

void ConsumerLog::interrupted(const mq::Interrupted& event, bool first) {
    util::log(first ? util::LogLevel::warn : util::LogLevel::info, "not connected, trying again",
              {{"reason", pool::describe(event.error)},
               {"attempt", event.attempt + 1},
               {"in_ms", event.retry_in.count()}});
}

void ConsumerLog::restored(std::uint64_t reconnects) {
    util::log_warn("connected again", {{"reconnects", reconnects}});
}

void ConsumerLog::drain_time_over(std::size_t messages) {
    util::log_info("asking running handlers to stop", {{"messages", messages}});
}

}  // namespace airy::work
