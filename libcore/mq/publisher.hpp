// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "event/message.hpp"
#include "mq/delivery.hpp"
#include "mq/reconnect.hpp"

namespace airy::mq {

// The exchange to publish to or to bind to. With `declare`, a missing one is declared as a durable
// topic exchange (a user without the permission only checks that it is there); otherwise it must be
// there. Error{not_found} when it is not there, or has another type than topic.
struct ExchangeUse {
    std::string name;
    bool declare = false;
};

struct PublisherOptions {
    ExchangeUse exchange;       // checked once, at the start; each message names its own
    std::size_t window = 1000;  // most messages without an outcome; submit waits beyond it
    bool confirm = true;        // false: Confirmed means "written to the socket"
    bool mandatory = true;      // a message that reaches no queue is an Unroutable outcome
    bool give_back = false;     // a message that may be sent again comes with its Refused
    // The publisher has an address of its own: each message gets it as its reply_to, and each
    // message that comes there is a Reply.
    bool replies = false;
};

// The outcome of the message with this sequence number: exactly one for each message.
struct Confirmed {
    std::uint64_t sequence;
};
struct Unroutable {  // basic.return: the message reached no queue
    // 0: unknown. Only without confirms, where the message counted as Confirmed when it was
    // written; close waits for the last of these.
    std::uint64_t sequence;
    int code;
    std::string reason;
};
// The broker did not take the message: by basic.nack, when it could not take responsibility, or
// because the message ends the channel or the connection each time.
struct Refused {
    std::uint64_t sequence;
    // Why the message can never be sent, with the broker's words. Empty after basic.nack, where
    // sending it again may help.
    std::string reason{};
    // The message, after basic.nack and with `give_back`. Shared by the copies of this event.
    std::shared_ptr<event::Message> message{};
    bool forbidden = false;  // the user may not publish there
};

// A message that came to the publisher's own address. It needs no settlement.
struct Reply {
    std::shared_ptr<Delivered> delivered;  // shared by the copies of this event
};

// Events of the connection as a whole.
struct Blocked {  // the broker asks publishers to stop (memory or disk alarm)
    std::string reason;
};
struct Unblocked {};           // also when the blocked connection is lost
struct Lost {                  // the last event; messages without an outcome are not confirmed
    std::exception_ptr error;  // an airy::Error
};

using PublisherEvent = std::variant<Confirmed, Unroutable, Refused, Reply, Blocked, Unblocked, Lost,
                                    Interrupted, Restored>;

// Publishes in order, with a window of unconfirmed messages. One thread submits and takes; the
// connection is served by a thread of its own. After Interrupted, messages without an outcome are
// sent again on the next connection, in order and with the same sequence numbers: such a message
// may be in a queue twice, and still has one outcome. A message for which the broker closes the
// channel or the connection each time is found and Refused, and those behind it go on.
//
// A publisher's own address for replies belongs to its channel. Restored also tells that the
// channel is another: replies to messages that were confirmed before may not come any more.
class Publisher {
  public:
    virtual ~Publisher() = default;

    // Queues the message and returns its sequence number: 1, 2, 3… Returns 0, and leaves the
    // message as it was, when the window is full or the connection is lost for good.
    virtual std::uint64_t try_submit(event::Message& message) = 0;

    // Readable while `take` has something to return.
    virtual int event_fd() const noexcept = 0;

    // The events since the last call, in order; never blocks. `Lost` is the last event.
    virtual std::vector<PublisherEvent> take() = 0;

    // Messages submitted that have no outcome yet.
    virtual std::size_t in_flight() const noexcept = 0;

    // The bytes that have reached the broker's machine on the present connection; 0 where messages
    // travel over none.
    virtual std::uint64_t bytes_sent() const noexcept { return 0; }

    // Closes the connection in an orderly way. Messages without an outcome stay unconfirmed. Events
    // that came until then can be taken afterwards.
    virtual void close(std::chrono::milliseconds deadline) noexcept = 0;
};

}  // namespace airy::mq
