// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "mq/dead_letter.hpp"
#include "mq/work_queue.hpp"
#include "util/clock.hpp"

// Copies of failed messages for a retry queue or for the dead-letter queue. A copy keeps body,
// properties and headers. These properties would change its way through the broker and move to
// headers of airy: user_id (the broker compares it with the publisher), expiration (the copy would
// vanish while it waits; a moved message keeps it) and CC (the broker would deliver the copy to
// other queues again). Pure; any thread.
namespace airy::mq::copies {

// The failure of the last attempt.
struct Failure {
    std::string queue;  // the work queue
    unsigned attempts;  // failed attempts, including the last one
    unsigned returns;   // in all
    FailureAccount account;
    // The first failure, where the message does not tell it itself; absent: it is this one.
    std::optional<util::SystemTime> first_failed_at{};
};

// A copy to publish to `to` by the default exchange.
event::Message retry_copy(const event::Message& message, const Failure& failure,
                          const std::string& to);
event::Message dead_letter(const event::Message& message, const Failure& failure,
                           const std::string& to);

// A copy for the end of the message's own work queue, which counts its returns anew: the broker has
// counted `returns`.
event::Message renewed(const event::Message& message, unsigned returns, const std::string& to);

// A copy that takes the place of a message in its own queue, whatever the queue is for: as moved,
// and with the number of its returns so far.
event::Message replaced(const event::Message& message, unsigned returns, const std::string& to);

// Leaves out of a copy the headers that no consumer needs: times, the handler's last words, the
// broker's record of deaths. False when there are none.
bool leave_out_optional(event::Message& copy);
// Leaves out all that airy has added.
void leave_out_account(event::Message& copy);

// Makes the original of a copy that a retry queue or the dead-letter queue gave back: restores
// topic, exchange and the values that moved to headers; keeps the count of attempts. Other
// messages, and dead letters that are consumed from their own queue, stay unchanged. A dead letter
// that was published to an exchange again loses the traces of its past.
void restore(event::Message& message, const std::string& queue);

// The same for a message taken out of a dead-letter queue, also where the broker put it there;
// removes all traces of its past.
void restore_dead_letter(event::Message& message);

// A dead letter on its way back to work: a message to publish to the work queue `to` by the default
// exchange. A consumer restores it; its attempts begin anew, and x-airy-requeued tells when.
event::Message requeued(const event::Message& letter, const std::string& to, util::SystemTime now);

// A message to move to another queue; only the properties that would misroute it change.
event::Message moved(const event::Message& message, const std::string& to);

// The account of its death in a dead letter, from airy's headers or the broker's (x-death).
DeadLetterAccount account_of(const event::Message& message);

// The message's failed attempts so far, from the header x-airy-attempts.
unsigned attempts_of(const event::Message& message) noexcept;
// The number of returns that a quorum queue counts (x-delivery-count); absent: not known.
std::optional<unsigned> counted_returns(const event::Message& message) noexcept;
// Fills in what the headers tell of the past: attempts, former returns, the first failure and,
// where the message lies under another topic than it was published with, its origin.
void read_past(Delivered& delivered);

}  // namespace airy::mq::copies
