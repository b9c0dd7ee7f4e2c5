// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "event/message.hpp"
#include "mq/delivery.hpp"
#include "mq/outcome.hpp"
#include "util/clock.hpp"
#include "util/error.hpp"

namespace airy::tools::request {

struct BookOptions {
    std::uint64_t replies = 1;                            // that each request waits for
    std::optional<util::SteadyTime::duration> timeout{};  // none: no limit
    bool ordered = false;                                 // replies in the order of the requests
    bool keeps_messages = false;                          // to send them again
};

// The requests that wait for replies. Tells replies and failures as they come, or in the order of
// the requests; each request has all its replies, or one failure. Pure; main thread.
class Book {
  public:
    using Number = std::uint64_t;  // of a request, from 1

    // Tells one reply. `is_error`: the handler gave the request up.
    using Tell = std::function<void(const mq::Delivered& reply, bool is_error)>;
    // Tells why a request is without all its replies; `line` is 0 for one that came from no stream.
    using Fail = std::function<void(std::uint64_t line, const Error& error)>;

    Book(const BookOptions& options, Tell tell, Fail fail);

    // Opens a request, and gives the message its correlation id: its message id, unless another
    // open request has that.
    Number open(std::uint64_t line, event::Message& message, util::SteadyTime now);
    // The message of the request was submitted with this sequence number.
    void submitted(Number number, std::uint64_t sequence);
    // The message cannot be sent.
    void refuse(Number number, const Error& error);

    void take(const mq::Outcome& outcome);
    void take(const mq::Delivered& reply);
    // Fails the requests whose time is up.
    void expire(util::SteadyTime now);
    // When the next one is.
    std::optional<util::SteadyTime> next_due() const;

    // Replies to confirmed requests may not come any more: the requests to be sent again.
    std::vector<Number> confirmed() const;
    // A copy of its message; nullopt when it is open no longer.
    std::optional<event::Message> message_of(Number number) const;
    bool is_open(Number number) const;

    // Requests that are open, or whose replies wait for their turn.
    std::size_t size() const noexcept { return entries_.size(); }
    bool empty() const noexcept { return entries_.empty(); }

    std::uint64_t answered() const noexcept { return answered_; }  // requests with all replies
    std::uint64_t failed() const noexcept { return failed_; }
    std::uint64_t replies() const noexcept { return replies_; }
    // Replies to no open request: late ones, or of another id.
    std::uint64_t dropped() const noexcept { return dropped_; }

  private:
    struct Entry {
        std::uint64_t line = 0;
        std::string id;
        event::Message message;
        util::SteadyTime due;
        std::uint64_t replies = 0;
        bool confirmed = false;
        bool closed = false;
        std::vector<mq::Delivered> held{};  // replies that wait for their turn
        std::optional<Error> failure{};
    };
    using Entries = std::map<Number, Entry>;

    void tell(const mq::Delivered& reply) const;
    void close(Entries::iterator at);
    void fail(Entries::iterator at, Error error);
    void tell_next();
    Error late(const Entry& entry) const;

    const BookOptions options_;
    const Tell tell_;
    const Fail fail_;
    Number last_ = 0;
    Entries entries_;
    std::unordered_map<std::string, Number> by_id_;          // open ones
    std::unordered_map<std::uint64_t, Number> by_sequence_;  // without an outcome
    std::uint64_t answered_ = 0;
    std::uint64_t failed_ = 0;
    std::uint64_t replies_ = 0;
    std::uint64_t dropped_ = 0;
};

}  // namespace airy::tools::request
