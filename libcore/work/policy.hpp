// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "mq/subscription.hpp"
#include "work/child.hpp"

namespace airy::work {

// What a handler says of one message.
enum class Verdict : std::uint8_t {
    success,
    retry,        // it may succeed later
    requeue,      // not this handler's business, or not now: back to the queue
    reject,       // it never will succeed
    not_handled,  // asked to stop before it was done; says nothing about the message
    cannot_run,   // the handler itself does not work; no other message will fare better
};

struct HandlerResult {
    Verdict verdict = Verdict::success;
    std::string reason{};       // one line, for people; empty on success
    std::string error_line{};   // the last that the handler wrote to stderr
    std::optional<int> exit{};  // as shells have it: 128 + a signal, 124 for a timeout
};

// What one run of a command means (README, "Exit status of a command").
HandlerResult judge(const ChildResult& result);

// What is done about a handler that failed with `retry`.
enum class OnError : std::uint8_t { retry, requeue, dead_letter, discard };

struct RetryPolicy {
    OnError on_error = OnError::retry;
    unsigned max_attempts = 5;  // the last one's failure dead-letters
    // Before the second attempt; doubles before each further one up to the longest. Less than
    // `shortest_retry_delay` counts as that, so that no setting makes a hot loop.
    std::chrono::milliseconds delay{1000};
    std::chrono::milliseconds longest_delay{300'000};
};
inline constexpr std::chrono::milliseconds shortest_retry_delay{100};

// What is known of a message's past.
struct History {
    unsigned failures = 0;  // attempts that failed
    unsigned returns = 0;   // how often it came back to its queue, by whatever cause
};

// How often the message came back, from the x-delivery-count header that quorum queues add and the
// redelivered flag: where the count is not known, 0 or 1.
unsigned returns_of(const mq::Delivered& delivered) noexcept;

// Whether that is the broker's own count.
bool returns_are_counted(const mq::Delivered& delivered) noexcept;

// Attempts that failed before, as airy's own x-airy-attempts header has it.
unsigned failures_of(const mq::Delivered& delivered) noexcept;

// How often a handler may have seen the message, counting this time.
unsigned delivery_attempt(const mq::Delivered& delivered) noexcept;

enum class Action : std::uint8_t {
    ack,
    retry,        // comes again after `delay`, from a retry queue
    requeue,      // back to its queue after `delay`
    dead_letter,  // given up, and kept
    discard,      // given up, and forgotten
    give_back,    // back to its queue as if nothing had been
};

struct Decision {
    Action action = Action::ack;
    std::chrono::milliseconds delay{0};
    bool failure = false;  // the handler did not succeed
};

// Pure. A message that goes back to its queue comes again at once, so from the third return on it
// is held back before: 250 ms doubling to 10 s. `delivery_limit` is the queue's, 0 if it has none
// that is known: what the broker would dead-letter is given up here.
Decision decide(Verdict verdict, History history, const RetryPolicy& policy,
                unsigned delivery_limit) noexcept;

// After `failures` attempts that failed.
std::chrono::milliseconds retry_delay(const RetryPolicy& policy, unsigned failures) noexcept;

}  // namespace airy::work
