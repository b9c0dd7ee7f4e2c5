// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "mq/delivery.hpp"
#include "mq/subscription.hpp"
#include "util/error.hpp"

namespace airy::mq {

// How often a broker lets a message come back to a work queue before it dead-letters the message.
// The limit stops messages that kill their consumer: it is well above the usual 5 attempts, and
// work::decide's pauses reach it after about two and a half minutes.
inline constexpr unsigned default_delivery_limit = 20;

// The queue that keeps the dead letters of a work queue.
inline std::string dead_letter_queue_of(const std::string& work_queue) {
    return work_queue + ".dlq";
}

// Whether `name` is a queue in which messages of the work queue wait to be tried again.
inline bool is_retry_queue_of(std::string_view name, std::string_view work_queue) {
    const auto prefix = std::string(work_queue) + ".retry.";
    return name.size() > prefix.size() && name.starts_with(prefix) &&
           name.find_first_not_of("0123456789", prefix.size()) == name.npos;
}

// A queue that consumers of one name share, with its bindings and its queues for retries and dead
// letters.
struct WorkQueueSpec {
    std::string name{};  // 1 to 240 bytes
    std::string exchange{};
    std::vector<std::string> patterns{};
    std::string type = "quorum";  // or classic
    // True: not durable, deleted with its last consumer, without retries and dead letters.
    bool ephemeral = false;
    // False: declares and binds nothing; the queue must be there.
    bool declare = true;
    // True: queues that exist with other properties are taken as they are, and then the broker
    // itself may neither limit the returns of a message nor keep it as a dead letter.
    bool as_is = false;
    event::HeaderTable arguments{};  // of the queue, beside those that make it a work queue
    std::uint16_t prefetch = 1000;   // most unsettled deliveries; 0 = no limit

    std::string dead_letter_queue() const { return dead_letter_queue_of(name); }
    std::string retry_queue(std::chrono::milliseconds delay) const {
        return name + ".retry." + std::to_string(delay.count());
    }
};

// The known facts of a handler's failure; kept with the message.
struct FailureAccount {
    std::string why;    // `rejected`, `attempts`, `on-error` or `delivery-limit`
    std::string error;  // the last line that the handler wrote to stderr; may be empty
    std::optional<int> exit;
    util::SystemTime at;
};

// The message was handled: forget it.
struct Ack {};
// Put the message back into its queue, to be delivered again at once.
struct Requeue {
    // Whether the return counts as one where the broker itself does not count returns; false for a
    // message whose handler never ran to a verdict.
    bool counts = true;
};
// Deliver the message again after `delay`, with one attempt more.
struct RetryAfter {
    std::chrono::milliseconds delay;
    FailureAccount account;
    // Set: the message does not come sooner than `delay`, and may come up to this delay later,
    // which is one that other messages have as well. So a broker needs no place for each different
    // delay.
    std::chrono::milliseconds at_most{0};
};
// Give the message up, and keep it with the account.
struct DeadLetter {
    FailureAccount account;
};
using Settlement = std::variant<Ack, Requeue, RetryAfter, DeadLetter>;

// The copy that a RetryAfter or DeadLetter needs is safe, and the delivery is settled.
struct Settled {
    DeliveryHandle handle;
    // From publishing the copy until the broker's confirm; absent where no copy was needed.
    std::optional<std::chrono::nanoseconds> confirmed_after{};
};
// A RetryAfter or DeadLetter could not be carried out: the delivery is still unsettled.
struct NotSettled {
    enum class Cause : std::uint8_t {
        passing,  // it may be carried out later
        message,  // no copy of this message can be made, such as for the size of its headers
        refused,  // of any message: a permission is missing, or a queue has other properties
    };
    DeliveryHandle handle;
    Error error;
    Cause cause = Cause::passing;
};

using WorkQueueEvent =
    std::variant<Delivered, Settled, NotSettled, Cancelled, Lost, Interrupted, Restored, Counted>;

// A consumer's end of a work queue: delivers messages in the queue's order and carries out the
// settlement of each. Like a Subscription it is served by threads of its own; one thread, the
// owner's, calls everything but `name`.
class WorkQueue {
  public:
    virtual ~WorkQueue() = default;

    virtual const std::string& name() const noexcept = 0;

    // Asks the broker for messages; nothing is delivered before. Called once. All that this needs
    // of the system, a thread and descriptors, it takes first: when it throws, no message was asked
    // for. Throws as Broker::open_work_queue does.
    virtual void begin() = 0;

    // How often the broker lets a message come back before it dead-letters the message; 0: no
    // limit, or an unknown one.
    virtual unsigned delivery_limit() const noexcept = 0;

    // Whether RetryAfter is carried out: the broker holds the message for the delay. False: the
    // caller holds the delivery itself and then puts it back with Requeue.
    virtual bool retries() const noexcept = 0;

    // Readable while `take` has something to return.
    virtual int event_fd() const noexcept = 0;

    // The events since the last call, in order; never blocks. After `Lost` or `Cancelled` nothing
    // more is delivered. `Interrupted` voids the deliveries of its part, which the broker delivers
    // again: settling them has no effect, and a settlement under way has no outcome.
    virtual std::vector<WorkQueueEvent> take() = 0;

    // Sets the most unsettled deliveries from now on; those taken before may come on top of them.
    virtual void set_prefetch(std::uint16_t most) = 0;

    // Settles one delivery; sends it gathered with others, at the latest after 20 ms. Each
    // RetryAfter and DeadLetter has one outcome, Settled or NotSettled; Ack and Requeue have none.
    virtual void settle(const Delivered& delivered, Settlement settlement) = 0;

    // As Subscription::count.
    virtual std::uint64_t count() = 0;

    // Asks for no more deliveries. Those on the way still come; settling goes on. A connection lost
    // after this is not made again.
    virtual void stop() = 0;

    // Sends all settlements, gives unsettled deliveries back and closes. Returns false when the
    // broker did not answer within the deadline, so that the last settlements are uncertain.
    virtual bool close(std::chrono::milliseconds deadline) noexcept = 0;
};

}  // namespace airy::mq
