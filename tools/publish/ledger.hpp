// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "mq/outcome.hpp"
#include "util/clock.hpp"
#include "util/error.hpp"

namespace airy::tools::publish {

// One event on its way, as its publisher knows it. Its message's own strings are moved away once it
// is sent.
struct Submission {
    std::uint64_t line = 0;  // 0: it came from no stream
    std::string event_id;
    std::string topic;
    std::string text;  // the record, if rejects are kept
    std::uint64_t refusals = 0;
    util::SteadyTime first_refused_at{};
};

// The events that were sent, and their outcomes. Prints the ids of confirmed events in the order in
// which they were sent. Main thread.
class Ledger {
  public:
    struct Failure {
        std::uint64_t line;
        std::string why;
        std::string text;  // the record, if it was kept
    };

    Ledger(bool confirm, bool mandatory, bool json)
        : confirm_(confirm), mandatory_(mandatory), json_(json) {}

    // The next sequence number belongs to this event.
    void submitted(Submission about);

    // A record that could not be sent: no event, or one that no broker takes.
    void unsent(std::uint64_t line, const Error& error);

    // The event of an outcome that was not taken yet; null for other events.
    Submission* find(const mq::PublisherEvent& event);

    // The event that this refusal concerns: it is to be sent again, under another sequence number.
    Submission take_back(const mq::Refused& refused);

    // An event that was taken back and is not sent again.
    Failure give_up(Submission about);

    // Takes one outcome, or a return of an event that was sent without confirms. Returns the
    // failure, if the event means one. Throws the error of Lost, with the number of confirmed
    // events.
    std::optional<Failure> take(const mq::PublisherEvent& event);

    // Prints the ids of confirmed events behind an event that is not settled yet.
    void print_out_of_order();

    std::size_t open() const noexcept { return open_; }
    std::uint64_t confirmed() const noexcept { return confirmed_; }
    std::uint64_t undelivered() const noexcept { return undelivered_; }
    std::uint64_t invalid() const noexcept { return invalid_; }

    // The first failure by line, with the number of all confirmed events.
    std::optional<Error> first_error() const;

  private:
    enum class State : std::uint8_t { open, confirmed, failed, taken_back };
    struct Entry {
        Submission about;
        State state = State::open;
    };

    std::optional<Failure> take(const mq::Outcome& outcome);
    void take_return(const mq::Outcome& returned);
    Entry* open_entry(std::uint64_t sequence);
    void settle(Entry& entry, State state);
    std::optional<Failure> fail(std::uint64_t sequence, const std::string& why,
                                std::string_view hint);
    Failure failure_of(Submission about, const std::string& why, std::string_view hint);
    void print(const Entry& entry) const;
    void note_failure(std::uint64_t line, const Error& error);

    const bool confirm_;
    const bool mandatory_;
    const bool json_;
    std::uint64_t base_ = 1;  // sequence number of entries_.front()
    std::deque<Entry> entries_;
    std::size_t open_ = 0;
    std::uint64_t confirmed_ = 0;
    std::uint64_t undelivered_ = 0;
    std::uint64_t invalid_ = 0;
    std::string return_reason_;  // for events sent without confirms

    struct FirstFailure {
        std::uint64_t line;
        Error error;
    };
    std::optional<FirstFailure> first_;
};

}  // namespace airy::tools::publish
