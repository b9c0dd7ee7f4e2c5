// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/copies/courier.hpp"

#include <fmt/core.h>
#include <poll.h>

#include <exception>
#include <utility>
#include <variant>

#include "mq/copies/letter.hpp"
#include "mq/copies/queues.hpp"
#include "util/limits.hpp"
#include "util/log.hpp"
#include "util/text.hpp"

namespace airy::mq::copies {
namespace {

NotSettled::Cause cause_of(const Error& error) noexcept {
    return error.permanent() ? NotSettled::Cause::refused : NotSettled::Cause::passing;
}

// A user who may publish may lack the permission to configure: then the queue must be there.
void declare(Topology& topology, const QueueSpec& queue) {
    try {
        topology.declare_queue(queue);
    } catch (const Error& error) {
        if (error.reason() != Reason::access_refused) throw;
        try {
            topology.check_queue(queue.name);
        } catch (const Error&) {
            throw Error(Reason::access_refused, error.what(),
                        fmt::format("failed messages are kept in '{}': the user needs the right to "
                                    "configure it, or somebody else declares it",
                                    util::printable(queue.name)))
                .as_permanent();
        }
    }
}

Error may_not_publish(std::string_view why) {
    return Error(Reason::access_refused, fmt::format("cannot keep a failed message: {}", why),
                 "the user needs the right to write to amq.default, the default exchange")
        .as_permanent();
}

}  // namespace

Courier::Courier(Broker& broker, const util::Clock& clock) : broker_(broker), clock_(clock) {
    events_.add(prepared_.fd());
    events_.add(done_wakeup_.fd());
}

Courier::~Courier() {
    close(std::chrono::milliseconds(0));
    if (!thread_.joinable()) return;
    preparations_.put({.end = true});
    thread_.join();
}

void Courier::send(std::uint64_t id, event::Message copy, std::optional<QueueSpec> into,
                   bool as_is) {
    waiting_.push_back({id, std::move(copy), std::move(into), as_is});
    go_on();
}

std::vector<Courier::Sent> Courier::take() {
    for (auto& prepared : prepared_.take())
        take_prepared(std::move(prepared));
    take_outcomes_of_publisher();
    go_on();
    done_wakeup_.clear();
    return std::exchange(done_, {});
}

// Submits waiting copies in order, as far as connection, queues and window allow.
void Courier::go_on() {
    while (!waiting_.empty()) {
        auto& letter = waiting_.front();
        if (closed_) {
            fail(letter.id, Error(ErrorKind::unreachable, "the connection is closed"));
            waiting_.pop_front();
            continue;
        }
        if (preparing_) return;
        if (!prepared_for(letter)) return prepare(letter);
        if (!submit(letter)) return;
        waiting_.pop_front();
    }
}

bool Courier::prepared_for(const Letter& letter) const {
    return publisher_ && (!letter.into || declared_.contains(letter.into->name));
}

// False when the window is full, or the connection lost: an outcome will tell.
bool Courier::submit(Letter& letter) {
    auto copy = letter.copy;  // needed again when the queue is gone
    std::uint64_t sequence = 0;
    try {
        sequence = publisher_->try_submit(copy);
    } catch (const Error& error) {  // the protocol cannot hold the copy
        if (leave_out_optional(letter.copy)) return submit(letter);
        done_.push_back({.id = letter.id,
                         .error = error,
                         .cause = NotSettled::Cause::message,
                         .copy = std::move(letter.copy)});
        done_wakeup_.signal();
        return true;
    }
    if (sequence == 0) return false;
    letter.sent_at = clock_.steady();
    sent_.emplace(sequence, std::move(letter));
    return true;
}

void Courier::prepare(const Letter& letter) {
    if (!thread_.joinable()) {
        try {
            thread_ = util::start_thread([this] { prepare_on_thread(); });
        } catch (const Error& error) {
            fail_waiting(error);
            return;
        }
    }
    preparing_ = true;
    preparations_.put({.connect = !publisher_, .declare = letter.into, .as_is = letter.as_is});
}

void Courier::fail_waiting(const Error& error) {
    for (const auto& letter : std::exchange(waiting_, {}))
        fail(letter.id, error);
}

void Courier::prepare_on_thread() {
    while (true) {
        pollfd inbox{preparations_.fd(), POLLIN, 0};
        ::poll(&inbox, 1, -1);
        for (const auto& preparation : preparations_.take()) {
            if (preparation.end) return;
            prepared_.put(carry_out(preparation));
        }
    }
}

Courier::Prepared Courier::carry_out(const Preparation& preparation) {
    Prepared prepared;
    try {
        if (preparation.connect) prepared.publisher = broker_.publisher({});
        if (!preparation.declare) return prepared;
        prepared.queue = preparation.declare->name;
        if (preparation.as_is)
            declare_as_is(*broker_.topology(), *preparation.declare);
        else
            declare(*broker_.topology(), *preparation.declare);
    } catch (const Error& error) {
        prepared.error = error;
    } catch (const std::exception& error) {
        prepared.error.emplace(ErrorKind::general, error.what());
    }
    return prepared;
}

void Courier::take_prepared(Prepared prepared) {
    preparing_ = false;
    if (prepared.publisher && !closed_) {
        events_.add(prepared.publisher->event_fd());
        publisher_ = std::move(prepared.publisher);
    }
    if (!prepared.error) {
        if (!prepared.queue.empty()) declared_.insert(prepared.queue);
        return;
    }
    // Every copy that waits for the same preparation would fail the same way, each after its own
    // wait.
    const bool connected = publisher_ != nullptr;
    const auto cause = cause_of(*prepared.error);
    std::erase_if(waiting_, [&](const Letter& letter) {
        if (connected && (!letter.into || letter.into->name != prepared.queue)) return false;
        fail(letter.id, *prepared.error, cause);
        return true;
    });
}

void Courier::take_outcomes_of_publisher() {
    if (!publisher_) return;
    try {
        for (const auto& event : publisher_->take()) {
            throw_if_lost(event);
            if (const auto outcome = outcome_of(event))
                take_outcome(*outcome);
            else if (const auto* blocked = std::get_if<Blocked>(&event))
                util::log_warn("the broker blocks publishers; failed messages wait here",
                               {{"reason", blocked->reason}});
            else if (std::holds_alternative<Unblocked>(event))
                util::log_info("the broker takes messages again");
        }
    } catch (const Error& error) {
        if (error.permanent())
            lose(
                error.reason() == Reason::publish_forbidden ? may_not_publish(error.what()) : error,
                NotSettled::Cause::refused);
        else
            lose(Error(ErrorKind::unreachable, "the connection was lost before the confirm"),
                 NotSettled::Cause::passing);
    }
}

void Courier::take_outcome(const Outcome& outcome) {
    const auto found = sent_.find(outcome.sequence);
    if (found == sent_.end()) return;
    auto letter = std::move(found->second);
    sent_.erase(found);
    if (outcome.delivered()) {
        done_.push_back({.id = letter.id, .confirmed_after = clock_.steady() - letter.sent_at});
        done_wakeup_.signal();
    } else if (outcome.kind == Outcome::Kind::unroutable && letter.into && !letter.declared_again) {
        // The queue was deleted since it was declared.
        declared_.erase(letter.into->name);
        letter.declared_again = true;
        waiting_.push_front(std::move(letter));
    } else if (outcome.forbidden) {
        fail(letter.id, may_not_publish(outcome.reason), NotSettled::Cause::refused);
    } else if (!outcome.reason.empty() && outcome.kind == Outcome::Kind::refused) {
        fail(letter.id, Error(Reason::publish_refused, outcome.reason), NotSettled::Cause::message);
    } else {
        fail(letter.id,
             Error(ErrorKind::undelivered, fmt::format("the queue '{}' did not take it",
                                                       util::printable(letter.copy.topic))));
    }
}

// The next copy connects anew.
void Courier::lose(const Error& error, NotSettled::Cause cause) {
    if (publisher_) events_.remove(publisher_->event_fd());
    publisher_.reset();
    for (const auto& [sequence, letter] : std::exchange(sent_, {}))
        fail(letter.id, error, cause);
}

void Courier::fail(std::uint64_t id, Error error, NotSettled::Cause cause) {
    done_.push_back({.id = id, .error = std::move(error), .cause = cause});
    done_wakeup_.signal();
}

void Courier::close(std::chrono::milliseconds deadline) noexcept {
    if (std::exchange(closed_, true)) return;
    if (publisher_) publisher_->close(deadline);
    take_outcomes_of_publisher();  // confirms that came until then
    lose(Error(ErrorKind::unreachable, "the connection is closed"), NotSettled::Cause::passing);
    go_on();
}

}  // namespace airy::mq::copies
