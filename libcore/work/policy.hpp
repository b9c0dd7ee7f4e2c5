// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace airy::work {

// What a handler says of one message.
enum class Verdict : std::uint8_t {
    success,
    retry,        // it may succeed later
    requeue,      // not this handler's business, or not now: back to the queue
    reject,       // it never will succeed
    not_handled,  // the handler was stopped before it was done; says nothing about the message
    cannot_run,   // the handler itself does not work; Handler::end says why
};

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

enum class Action : std::uint8_t {
    ack,
    retry,        // the message comes again after `delay`, as another attempt
    requeue,      // the message goes back to its queue after `delay`
    dead_letter,  // the message is given up, and kept
    discard,      // the message is given up, and forgotten
    give_back,    // the message goes back to its queue as if nothing had been
};

struct Decision {
    Action action = Action::ack;
    std::chrono::milliseconds delay{0};
    bool failure = false;  // the handler did not succeed
};

// Pure. A message that goes back to its queue comes again at once, so from the third return on it
// is held back before: 250 ms doubling to 10 s. `delivery_limit` is the queue's, 0 if it has none
// that is known: what the broker would dead-letter is given up here. `retry_after` is the handler's
// own wish for the delay of a retry.
Decision decide(Verdict verdict, History history, const RetryPolicy& policy,
                unsigned delivery_limit,
                std::optional<std::chrono::milliseconds> retry_after = {}) noexcept;

// After `failures` attempts that failed.
std::chrono::milliseconds retry_delay(const RetryPolicy& policy, unsigned failures) noexcept;

// Why a message with this verdict is given up or tried again: mq::FailureAccount::why.
std::string_view why(Verdict verdict, const RetryPolicy& policy) noexcept;

}  // namespace airy::work
