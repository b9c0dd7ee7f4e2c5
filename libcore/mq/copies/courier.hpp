// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "mq/broker.hpp"
#include "mq/outcome.hpp"
#include "mq/work_queue.hpp"
#include "util/clock.hpp"
#include "util/error.hpp"
#include "util/mailbox.hpp"
#include "util/poll_set.hpp"

namespace airy::mq::copies {

// Puts copies of messages into queues, each confirmed by the broker. Connects for the first copy;
// declares a queue before its first copy, and again when the queue is gone. One thread uses the
// courier and never blocks: connecting and declaring happen on the courier's own thread.
class Courier {
  public:
    // The outcome of one copy.
    struct Sent {
        std::uint64_t id = 0;
        std::optional<Error> error{};  // absent: the broker has confirmed the copy
        NotSettled::Cause cause{};     // of the error
        std::chrono::nanoseconds confirmed_after{};
        std::optional<event::Message> copy{};  // that cannot be sent: Cause::message
    };

    // The clock, which outlives the courier, measures the time until a confirm.
    explicit Courier(Broker& broker, const util::Clock& clock = util::system_clock());
    // Waits for a connection or a declaration that is under way.
    ~Courier();
    Courier(const Courier&) = delete;
    Courier& operator=(const Courier&) = delete;

    // Sends `copy`, which names the queue `into` as its topic; without `into`, that queue is there.
    // Leaves out optional headers where the protocol cannot hold them. `id` is the caller's name
    // for it. `as_is`: a queue of that name is good, whatever its properties are.
    void send(std::uint64_t id, event::Message copy, std::optional<QueueSpec> into,
              bool as_is = false);

    // Readable while `take` has something to do.
    int event_fd() const noexcept { return events_.fd(); }

    // Continues all work that can continue. Returns the copies sent or failed since the last call.
    std::vector<Sent> take();

    // Copies without an outcome.
    std::size_t open() const noexcept { return waiting_.size() + sent_.size(); }

    // Closes the connection; copies without an outcome fail.
    void close(std::chrono::milliseconds deadline) noexcept;

  private:
    struct Letter {
        std::uint64_t id;
        event::Message copy;
        std::optional<QueueSpec> into;
        bool as_is = false;
        bool declared_again = false;  // the queue was gone once
        util::SteadyTime sent_at{};
    };
    // The blocking work: connecting where there is no publisher, then declaring.
    struct Preparation {
        bool connect = false;
        std::optional<QueueSpec> declare{};
        bool as_is = false;
        bool end = false;
    };
    struct Prepared {
        std::unique_ptr<Publisher> publisher{};  // null unless the thread connected
        std::string queue{};
        std::optional<Error> error{};
    };

    void go_on();
    bool prepared_for(const Letter& letter) const;
    void prepare(const Letter& letter);
    bool submit(Letter& letter);
    void take_prepared(Prepared prepared);
    void take_outcomes_of_publisher();
    void take_outcome(const Outcome& outcome);
    void lose(const Error& error, NotSettled::Cause cause);
    void fail(std::uint64_t id, Error error, NotSettled::Cause cause = NotSettled::Cause::passing);
    void fail_waiting(const Error& error);
    void prepare_on_thread();
    Prepared carry_out(const Preparation& preparation);

    Broker& broker_;
    const util::Clock& clock_;
    util::PollSet events_;
    std::unique_ptr<Publisher> publisher_;
    bool preparing_ = false;
    bool closed_ = false;
    std::set<std::string> declared_;           // queues
    std::deque<Letter> waiting_;               // for the connection, the queue, or the window
    std::map<std::uint64_t, Letter> sent_;     // by sequence number of publisher_
    std::vector<Sent> done_;                   // not taken yet
    util::Wakeup done_wakeup_;                 // signalled while done_ holds something
    util::Mailbox<Preparation> preparations_;  // to the thread
    util::Mailbox<Prepared> prepared_;         // from the thread
    std::thread thread_;                       // started with the first preparation
};

}  // namespace airy::mq::copies
