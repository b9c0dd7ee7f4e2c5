// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// What becomes of a message when its handler has ended.
#include <boost/asio/co_spawn.hpp>
#include <utility>

#include "util/log.hpp"
#include "work/consumer.hpp"
#include "work/letter.hpp"

namespace airy::work {
namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::milliseconds;
namespace {

// Retries come back up to this part of their delay early, so that what failed together does not
// all come back together.
constexpr double jitter = 0.05;
// How long after its delay a retried message may still be on its way back.
constexpr milliseconds way_back{250};
// Before a message is tried again that was given up and could not be kept.
constexpr milliseconds unkept_delay{1000};

const char* account_of(Action action) {
    switch (action) {
        case Action::retry:
            return "message will be tried again";
        case Action::dead_letter:
        case Action::discard:
            return "message given up";
        default:
            return "message goes back to the queue";
    }
}

std::string_view settlement_of(Action action) {
    switch (action) {
        case Action::ack:
            return "ack";
        case Action::retry:
        case Action::requeue:
            return "retry";
        case Action::dead_letter:
            return "dead_letter";
        case Action::discard:
            return "discard";
        case Action::give_back:
            break;
    }
    return "give_back";
}

std::string_view why(Verdict verdict, const RetryPolicy& policy) {
    if (verdict == Verdict::reject) return "rejected";
    if (verdict == Verdict::requeue || policy.on_error == OnError::requeue) return "delivery-limit";
    return policy.on_error == OnError::dead_letter ? "on-error" : "attempts";
}

}  // namespace

std::uint64_t Consumer::done() const {
    return handled_ + dead_lettered_ + discarded_;
}

// Settles one message by its result. What belongs to a lost connection is delivered again, so it
// is neither settled nor counted.
void Consumer::conclude(const mq::Delivered& delivered, const HandlerResult& result,
                        const Course& course) {
    if (const auto& id = delivered.message.properties.message_id;
        result.verdict == Verdict::success && dedup_ && id && !id->empty())
        dedup_->handled(*id, util::steady_now());
    const auto history = history_of(delivered);
    const Decision made = decide(result.verdict, history, options_.retry, options_.delivery_limit);
    note_outcome(delivered, made, course.probe);
    if (gone(delivered.handle)) {
        --in_flight_;
        ++result_.not_handled;
        return log_settled(delivered, "lost", course);
    }
    if (made.failure) {
        ++failed_;
        activity_.failed(delivered, result.reason, util::steady_now());
        report(delivered, result, made);
    }
    if (goes_by_letter(made)) {
        ++letters_;
        asio::co_spawn(loop_, send_letter(delivered, result, made, course),
                       [this](const std::exception_ptr& exception) {
                           if (exception)
                               fail(Error(ErrorKind::general, pool::describe(exception)));
                       });
    } else {
        carry_out(delivered, made);
        log_settled(delivered, settlement_of(made.action), course);
    }
    if (result.verdict == Verdict::cannot_run)
        fail(Error(ErrorKind::general, "cannot run the command any more: " + result.reason,
                   "its message went back to the queue"));
    stop_when_enough();
}

void Consumer::log_settled(const mq::Delivered& delivered, std::string_view settlement,
                           const Course& course) const {
    if (!options_.log_events) return;
    const auto milliseconds_of = [](std::chrono::nanoseconds time) {
        return std::chrono::duration<double, std::milli>(time).count();
    };
    const auto& id = delivered.message.properties.message_id;
    util::log(util::LogLevel::info, "settled",
              {{"consumer", options_.name},
               {"queue", delivered.queue},
               {"topic", delivered.message.topic},
               {"event_id", id ? std::string_view(*id) : std::string_view()},
               {"attempt", delivery_attempt(delivered)},
               {"wait_ms", milliseconds_of(course.wait)},
               {"run_ms", milliseconds_of(course.run)},
               {"settlement", settlement}});
}

void Consumer::stop_when_enough() {
    if (options_.stop.count && done() >= *options_.stop.count) stop(StopReason::count);
}

History Consumer::history_of(const mq::Delivered& delivered) const {
    History history;
    history.returns = returns_of(delivered);
    if (!returns_are_counted(delivered))
        history.returns = std::max(history.returns, returns_.of(delivered.message));
    // Without retry queues it is by coming back that a message is tried again.
    history.failures = courier_ ? failures_of(delivered) : history.returns;
    return history;
}

void Consumer::note_outcome(const mq::Delivered& delivered, const Decision& made,
                            Breaker::Probe probe) {
    if (made.action == Action::give_back) {
        breaker_.undecided(probe);
    } else if (!made.failure) {
        if (breaker_.succeeded(probe)) util::log_warn("a handler succeeded: consuming again");
    } else if (breaker_.failed(probe, util::steady_now())) {
        util::log_warn("too many failures in a row: pausing, then trying one message",
                       {{"pause_s", breaker_.pause().count()}, {"topic", delivered.message.topic}});
    }
    refresh_state();
}

bool Consumer::goes_by_letter(const Decision& made) const {
    return courier_ && (made.action == Action::retry || made.action == Action::dead_letter);
}

void Consumer::carry_out(const mq::Delivered& delivered, const Decision& made) {
    switch (made.action) {
        case Action::ack:
            ++handled_;
            returns_.forget(delivered.message);
            activity_.handled(util::steady_now());
            return settle(delivered.handle, mq::Disposition::ack);
        case Action::discard:
            ++discarded_;
            return settle(delivered.handle, mq::Disposition::ack);
        case Action::dead_letter:
            ++dead_lettered_;
            return settle(delivered.handle, mq::Disposition::reject);
        case Action::retry:
        case Action::requeue:
            ++requeued_;
            return put_back(delivered, made.delay);
        case Action::give_back:
            ++result_.not_handled;
            return settle(delivered.handle, mq::Disposition::requeue);
    }
}

// The copy is confirmed before the original is acked: at the worst there are both.
asio::awaitable<void> Consumer::send_letter(mq::Delivered delivered, HandlerResult result,
                                            Decision made, Course course) {
    const auto& queue = options_.letters->queue;
    const bool retry = made.action == Action::retry;
    const Failure failure{queue.name,
                          failures_of(delivered) + 1,
                          why(result.verdict, options_.retry),
                          result.error_line,
                          result.exit,
                          util::system_clock().now()};
    const auto into = retry ? retry_queue_spec(queue, made.delay) : dead_letter_queue_spec(queue);
    auto copy = retry ? retry_copy(delivered.message, failure, into.name)
                      : dead_letter(delivered.message, failure, into.name);
    if (retry) {
        std::uniform_real_distribution<double> share(1 - jitter, 1);
        const auto delay = static_cast<double>(made.delay.count()) * share(random_);
        copy.properties.expiration = std::to_string(static_cast<std::int64_t>(delay));
    }
    const auto error = co_await courier_->send(std::move(copy), into);
    --letters_;
    if (gone(delivered.handle)) {
        --in_flight_;
        ++result_.not_handled;
        log_settled(delivered, "lost", course);
    } else if (!error) {
        ++(retry ? requeued_ : dead_lettered_);
        log_settled(delivered, settlement_of(made.action), course);
        if (retry) retry_comes_back_after(made.delay);
        settle(delivered.handle, mq::Disposition::ack);
    } else {
        // Rejected where the queue has no dead-letter queue, it would be gone.
        const bool keep = retry || !options_.letters->broker_keeps;
        util::log_warn(retry  ? "cannot put a message into its retry queue: holding it back"
                       : keep ? "cannot write a dead letter: its message goes back to the queue"
                              : "cannot write a dead letter: leaving it to the broker",
                       {{"queue", into.name}, {"reason", error->what()}});
        ++(keep ? requeued_ : dead_lettered_);
        log_settled(delivered, settlement_of(keep ? Action::requeue : Action::dead_letter), course);
        if (keep)
            put_back(delivered, std::max(made.delay, unkept_delay));
        else
            settle(delivered.handle, mq::Disposition::reject);
    }
    stop_when_enough();
    changed();
}

// Until then the queue is not empty, whatever the broker counts in it.
void Consumer::retry_comes_back_after(milliseconds delay) {
    const auto due = util::steady_now() + delay + way_back;
    if (due <= last_retry_due_) return;
    last_retry_due_ = due;
    retry_timer_.expires_at(due);
    retry_timer_.async_wait([this](const error_code& error) {
        if (!error) changed();
    });
}

void Consumer::report(const mq::Delivered& delivered, const HandlerResult& result,
                      const Decision& made) {
    // A queue full of bad messages shall not flood the log.
    constexpr unsigned lines_a_second = 5;
    const auto now = util::steady_now();
    if (now - reports_since_ >= std::chrono::seconds(1)) {
        reports_since_ = now;
        reports_ = 0;
    }
    const auto level = ++reports_ <= lines_a_second ? util::LogLevel::warn : util::LogLevel::info;
    if (!util::log_enabled(level)) return;
    const auto& properties = delivered.message.properties;
    util::log(level, account_of(made.action),
              {{"topic", delivered.message.topic},
               {"message_id", properties.message_id ? std::string_view(*properties.message_id)
                                                    : std::string_view("")},
               {"attempt", delivery_attempt(delivered)},
               {"reason", result.reason},
               {"delay_ms", made.delay.count()}});
}

void Consumer::settle(mq::DeliveryHandle tag, mq::Disposition settlement) {
    if (!gone(tag)) subscription_.settle(tag, settlement);
    --in_flight_;
}

void Consumer::put_back(const mq::Delivered& delivered, milliseconds delay) {
    returns_.returned(delivered.message, history_of(delivered).returns + 1);
    if (delay > milliseconds(0) && !stopping_)
        hold_back(delivered.handle, delay);
    else
        settle(delivered.handle, mq::Disposition::requeue);
}

void Consumer::hold_back(mq::DeliveryHandle tag, milliseconds delay) {
    const auto until = util::steady_now() + delay;
    const bool first = held_.empty() || until < held_.begin()->first;
    held_.emplace(until, tag);
    if (!first) return;
    held_timer_.expires_at(until);
    held_timer_.async_wait([this](const error_code& error) {
        if (!error) release_held(util::steady_now());
    });
}

void Consumer::release_held(util::SteadyTime until) {
    while (!held_.empty() && held_.begin()->first <= until) {
        settle(held_.begin()->second, mq::Disposition::requeue);
        held_.erase(held_.begin());
    }
    if (!held_.empty()) {
        held_timer_.expires_at(held_.begin()->first);
        held_timer_.async_wait([this](const error_code& error) {
            if (!error) release_held(util::steady_now());
        });
    }
    changed();
}

}  // namespace airy::work
