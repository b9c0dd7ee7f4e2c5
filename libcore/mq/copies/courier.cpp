// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/copies/courier.hpp"

#include <fmt/core.h>
#include <poll.h>

#include <exception>
#include <utility>
#include <variant>

#include "util/limits.hpp"
#include "util/log.hpp"
#include "util/text.hpp"

namespace airy::mq::copies {

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

void Courier::send(std::uint64_t id, event::Message copy, QueueSpec into) {
    waiting_.push_back({id, std::move(copy), std::move(into)});
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
        if (!publisher_ || !declared_.contains(letter.into.name)) return prepare(letter);
        auto copy = letter.copy;  // needed again when the queue is gone
        std::uint64_t sequence = 0;
        try {
            sequence = publisher_->try_submit(copy);
        } catch (const Error& error) {  // the protocol cannot hold the copy
            fail(letter.id, error);
            waiting_.pop_front();
            continue;
        }
        if (sequence == 0) return;  // an outcome makes room, or reports the loss
        letter.sent_at = clock_.steady();
        sent_.emplace(sequence, std::move(letter));
        waiting_.pop_front();
    }
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
    preparations_.put({.connect = !publisher_, .declare = letter.into});
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
    prepared.queue = preparation.declare.name;
    try {
        if (preparation.connect) prepared.publisher = broker_.publisher({});
        broker_.topology()->declare_queue(preparation.declare);
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
        declared_.insert(prepared.queue);
        return;
    }
    // Every copy that waits for the same preparation would fail the same way, each after its own
    // wait.
    const bool connected = publisher_ != nullptr;
    std::erase_if(waiting_, [&](const Letter& letter) {
        if (connected && letter.into.name != prepared.queue) return false;
        fail(letter.id, *prepared.error);
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
    } catch (const Error&) {
        lose(Error(ErrorKind::unreachable, "the connection was lost before the confirm"));
    }
}

void Courier::take_outcome(const Outcome& outcome) {
    const auto found = sent_.find(outcome.sequence);
    if (found == sent_.end()) return;
    auto letter = std::move(found->second);
    sent_.erase(found);
    if (outcome.delivered()) {
        done_.push_back({letter.id, std::nullopt, clock_.steady() - letter.sent_at});
        done_wakeup_.signal();
    } else if (outcome.kind == Outcome::Kind::unroutable && !letter.declared_again) {
        // The queue was deleted since it was declared.
        declared_.erase(letter.into.name);
        letter.declared_again = true;
        waiting_.push_front(std::move(letter));
    } else {
        fail(letter.id,
             Error(ErrorKind::undelivered, fmt::format("the queue '{}' did not take it",
                                                       util::printable(letter.into.name))));
    }
}

// The next copy connects anew.
void Courier::lose(const Error& error) {
    if (publisher_) events_.remove(publisher_->event_fd());
    publisher_.reset();
    for (const auto& [sequence, letter] : std::exchange(sent_, {}))
        fail(letter.id, error);
}

void Courier::fail(std::uint64_t id, Error error) {
    done_.push_back({id, std::move(error)});
    done_wakeup_.signal();
}

void Courier::close(std::chrono::milliseconds deadline) noexcept {
    if (std::exchange(closed_, true)) return;
    if (publisher_) publisher_->close(deadline);
    take_outcomes_of_publisher();  // confirms that came until then
    lose(Error(ErrorKind::unreachable, "the connection is closed"));
    go_on();
}

}  // namespace airy::mq::copies
