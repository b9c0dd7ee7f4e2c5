// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "mq/delivery.hpp"
#include "mq/publisher.hpp"

namespace airy::mq {

// Where a subscription begins among the messages that a broker keeps: with the next message, with
// the first or the last kept one, with the one at an offset, or with the first at a time or later.
struct Now {};
struct First {};
struct Last {};
struct Offset {
    std::uint64_t offset = 0;
};
using From = std::variant<Now, First, Last, Offset, util::SystemTime>;

struct SubscribeOptions {
    std::string queue;                  // empty: a server-named, exclusive, auto-delete queue
    ExchangeUse exchange;               // for the bindings of a server-named queue
    std::vector<std::string> patterns;  // likewise; a named queue is bound through Topology
    std::uint16_t prefetch = 1000;      // most unsettled deliveries; 0 = no limit
    bool settle_at_once = false;        // settlements are not gathered
    Declarations declarations{};        // made again on each reconnect, before subscribing
    From from{};                        // other than now needs Capability::replay_from
};

// Throws Error{unsupported} for options that begin elsewhere than now; called by brokers that lack
// Capability::replay_from. `broker` is the broker's name in sentences.
void refuse_earlier_start(const SubscribeOptions& options, std::string_view broker);

struct Cancelled {  // the broker ended the subscription, e.g. the queue was deleted
    std::string reason;
};

struct Counted {  // the answer to `count`
    std::uint64_t question = 0;
    std::uint64_t ready = 0;  // messages of the queue
};

// `Delivered` comes in the queue's order. After `Lost` or `Cancelled` nothing more is delivered.
// `Interrupted` voids the deliveries of its part: the broker delivers them again, to any consumer.
using SubscriptionEvent = std::variant<Delivered, Cancelled, Lost, Interrupted, Restored, Counted>;

// How a broker itself settles a delivery.
enum class Disposition : std::uint8_t {
    ack,      // handled: forget it
    requeue,  // put it back
    reject,   // give it up: to the dead-letter exchange if the queue has one
};

// Takes messages from one queue. Any thread may call; the connection is served by a thread of its
// own.
class Subscription {
  public:
    virtual ~Subscription() = default;

    // The queue's name; a server-named queue has another name after each reconnect. References stay
    // valid while the subscription lives.
    virtual const std::string& queue() const noexcept = 0;

    // Readable while `take` has something to return.
    virtual int event_fd() const noexcept = 0;

    // The events since the last call, in order; never blocks.
    virtual std::vector<SubscriptionEvent> take() = 0;

    // Sets the most unsettled deliveries from now on; those taken before may come on top of them.
    virtual void set_prefetch(std::uint16_t most) = 0;

    // Settles one delivery; sends it gathered with others, at the latest after 20 ms.
    virtual void settle(DeliveryHandle delivery, Disposition disposition) = 0;

    // Counts the queue's ready messages, after all settlements given before. The answer, `Counted`,
    // comes behind the deliveries that the broker had begun when it was asked; an interruption may
    // take the answer with it. Returns the number of the question.
    virtual std::uint64_t count() = 0;

    // Asks for no more deliveries. Those on the way still come; settling goes on. A connection lost
    // after this is not made again.
    virtual void stop() = 0;

    // Sends all settlements, gives unsettled deliveries back and closes. Returns false when the
    // broker did not answer within the deadline, so that the last settlements are uncertain.
    virtual bool close(std::chrono::milliseconds deadline) noexcept = 0;
};

}  // namespace airy::mq
