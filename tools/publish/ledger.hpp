// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "mq/outcome.hpp"
#include "util/error.hpp"

namespace airy::tools::publish {

// The events that were sent, and their outcomes. Prints the ids of confirmed events in the order in
// which they were sent. Main thread.
class Ledger {
  public:
    struct Failure {
        std::uint64_t line;
        std::string why;
        std::string text;  // the record, if it was kept
    };

    Ledger(bool confirm, bool mandatory, bool json, bool keep_text)
        : confirm_(confirm), mandatory_(mandatory), json_(json), keep_text_(keep_text) {}

    // The next sequence number belongs to this event; `line` 0: it came from no stream. The
    // message's own strings are moved away by now, so the topic comes as a copy.
    void submitted(std::uint64_t line, std::string event_id, std::string topic, std::string text);

    // A record that could not be sent.
    void invalid(std::uint64_t line, const Error& error);

    // Takes one outcome, or a return of an event that was sent without confirms. Returns the
    // failure, if the event means one. Throws the error of Lost, with the number of confirmed
    // events.
    std::optional<Failure> take(const mq::PublisherEvent& event);

    // Prints the ids of confirmed events behind an event that is not settled yet.
    void print_out_of_order();

    std::size_t open() const noexcept { return open_; }
    std::uint64_t confirmed() const noexcept { return confirmed_; }
    std::uint64_t undelivered() const noexcept { return undelivered_; }

    // The first failure by line, with the number of all confirmed events.
    std::optional<Error> first_error() const;

  private:
    enum class State : std::uint8_t { open, confirmed, failed };
    struct Entry {
        std::uint64_t line;
        std::string event_id;
        std::string topic;
        std::string text;
        State state = State::open;
        std::string why;
    };

    std::optional<Failure> take(const mq::Outcome& outcome);
    void take_return(const mq::Outcome& returned);
    std::optional<Failure> settle(std::uint64_t sequence, bool delivered, const std::string& why,
                                  std::string_view hint);
    void print(const Entry& entry) const;
    void note_failure(std::uint64_t line, const Error& error);

    const bool confirm_;
    const bool mandatory_;
    const bool json_;
    const bool keep_text_;
    std::uint64_t base_ = 1;  // sequence number of entries_.front()
    std::deque<Entry> entries_;
    std::size_t open_ = 0;
    std::uint64_t confirmed_ = 0;
    std::uint64_t undelivered_ = 0;
    std::string return_reason_;  // for events sent without confirms

    struct FirstFailure {
        std::uint64_t line;
        Error error;
    };
    std::optional<FirstFailure> first_;
};

}  // namespace airy::tools::publish
