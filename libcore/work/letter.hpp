// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "mq/subscription.hpp"
#include "util/clock.hpp"

// Copies of messages that failed: for a retry queue, or for the dead-letter queue. They keep body,
// properties and headers, except what would change their way through the broker, which moves to
// headers of airy's: user_id (the broker compares it with the publisher), expiration (they would
// vanish where they wait; not of what is moved) and CC (they would be delivered to others again).
// Pure; any thread.
namespace airy::work {

// What the last attempt came to.
struct Failure {
    std::string queue;      // the work queue
    unsigned failures = 1;  // attempts that failed, this one included
    std::string_view why;   // `rejected`, `attempts`, `on-error` or `delivery-limit`
    std::string error;      // the last line of stderr; may be empty
    std::optional<int> exit;
    util::SystemTime at;
};

// To be published to `to` by the default exchange.
event::Message retry_copy(const event::Message& message, const Failure& failure,
                          const std::string& to);
event::Message dead_letter(const event::Message& message, const Failure& failure,
                           const std::string& to);

// Makes of a copy that came back, by a retry queue or from the dead letters, what it is a copy of:
// topic, exchange and what had moved to headers; the count of attempts stays. Other messages, and
// dead letters that are consumed where they lie, stay as they are.
void restore(event::Message& message, const std::string& queue);

// The same for a message that was taken out of a dead-letter queue, whoever put it there; nothing
// of its past remains.
void restore_dead_letter(event::Message& message);

// A dead letter as it is sent back to work: to be published to the work queue `to` by the default
// exchange, where a consumer restores it; its attempts begin anew, and x-airy-requeued tells when.
event::Message requeued(const event::Message& letter, const std::string& to, util::SystemTime now);

// A message as it is moved to another queue, unchanged but for what would lead it astray.
event::Message moved(const event::Message& message, const std::string& to);

// A dead letter's account of itself, by airy's headers or the broker's own (x-death).
struct DeadLetterAccount {
    std::string
        reason;  // as in Failure, or the broker's: rejected, expired, maxlen, delivery_limit
    std::string topic;
    std::string failed_at;  // RFC 3339; empty where it is not known
};
DeadLetterAccount account_of(const event::Message& message);

}  // namespace airy::work
