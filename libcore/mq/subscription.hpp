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

// Where a subscription begins in what a broker keeps: with the next message, with the first or the
// last that is kept, with the message at an offset, or with the first at a time or later.
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
    bool settle_at_once = false;        // settlements do not wait for others to be sent with
    Declarations declarations{};        // made again on each reconnect, before subscribing
    From from{};                        // other than now needs Capability::replay_from
};

// Throws Error{unsupported} for options that begin elsewhere than now; for brokers that lack
// Capability::replay_from. `broker` is their name in sentences.
void refuse_earlier_start(const SubscribeOptions& options, std::string_view broker);

struct Cancelled {  // the broker ended the subscription, e.g. the queue was deleted
    std::string reason;
};

// `Delivered` comes in the queue's order. After `Lost` or `Cancelled` nothing more is delivered.
// `Interrupted` voids the deliveries of its part: the broker delivers them again, to any consumer.
using SubscriptionEvent = std::variant<Delivered, Cancelled, Lost, Interrupted, Restored>;

// What a broker itself can do with a delivery.
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

    // The queue's name; of use where the server chose it, which it does anew on each reconnect.
    virtual const std::string& queue() const noexcept = 0;

    // Readable while `take` has something to return.
    virtual int event_fd() const noexcept = 0;

    // What has come since the last call, in order; never blocks.
    virtual std::vector<SubscriptionEvent> take() = 0;

    // Takes so many unsettled at most from now on; what was taken before may come on top of it.
    virtual void set_prefetch(std::uint16_t most) = 0;

    // Settles one delivery; it is sent soon, gathered with others, at the latest after 20 ms.
    virtual void settle(DeliveryHandle delivery, Disposition disposition) = 0;

    // Asks for no more deliveries. What is on the way still comes; settling goes on. A connection
    // that is lost after this is not made again.
    virtual void stop() = 0;

    // Sends all settlements, gives back what is unsettled and closes. Returns false when the
    // broker did not answer within the deadline, so that the last settlements are uncertain.
    virtual bool close(std::chrono::milliseconds deadline) noexcept = 0;
};

}  // namespace airy::mq
