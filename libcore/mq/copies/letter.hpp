// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "mq/dead_letter.hpp"
#include "mq/work_queue.hpp"
#include "util/clock.hpp"

// Copies of messages that failed: for a retry queue, or for the dead-letter queue. They keep body,
// properties and headers, except what would change their way through the broker, which moves to
// headers of airy's: user_id (the broker compares it with the publisher), expiration (they would
// vanish where they wait; not of what is moved) and CC (they would be delivered to others again).
// Pure; any thread.
namespace airy::mq::copies {

// What the last attempt came to.
struct Failure {
    std::string queue;  // the work queue
    unsigned attempts;  // that failed, the last one included
    FailureAccount account;
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

// What is written in a dead letter about its death, by airy's headers or the broker's (x-death).
DeadLetterAccount account_of(const event::Message& message);

// The attempts that failed on a message before, by the header x-airy-attempts.
unsigned attempts_of(const event::Message& message) noexcept;
// How often a quorum queue counts that the message came back (x-delivery-count); absent: not told.
std::optional<unsigned> counted_returns(const event::Message& message) noexcept;
// When a handler first failed on it, by the header x-airy-first-failed-at.
std::optional<util::SystemTime> first_failure_of(const event::Message& message);

}  // namespace airy::mq::copies
