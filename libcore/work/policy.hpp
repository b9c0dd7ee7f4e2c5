// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace airy::work {

// A handler's verdict about one message.
enum class Verdict : std::uint8_t {
    success,
    retry,        // it may succeed later
    requeue,      // not for this handler, or not now: back to the queue
    reject,       // it will never succeed
    not_handled,  // stopped before it was done; says nothing about the message
    alone,        // one of several in a call, and to be handled in one of its own; no attempt
    cannot_run,   // the handler itself does not work; Handler::end says why
    // A service that the handler needs is not there: the consumer keeps the message and waits. No
    // attempt of the message.
    unavailable,
};

// The settings for a handler that fails with `retry`.
enum class OnError : std::uint8_t { retry, requeue, dead_letter, discard };

struct RetryPolicy {
    OnError on_error = OnError::retry;
    unsigned max_attempts = 5;  // the failure of the last one dead-letters
    // Before the second attempt; doubles before each further one up to the longest. A shorter one
    // counts as `shortest_retry_delay`, so that no setting makes a hot loop.
    std::chrono::milliseconds delay{1000};
    std::chrono::milliseconds longest_delay{300'000};
    // A failed message is kept for its next attempt instead of leaving: later messages of its key
    // wait for it.
    bool in_place = false;
};
inline constexpr std::chrono::milliseconds shortest_retry_delay{100};

// The known past of a message.
struct History {
    unsigned failures = 0;  // failed attempts
    unsigned returns = 0;   // how often the message came back to its queue, for any cause
};

enum class Action : std::uint8_t {
    ack,
    retry,        // the message comes again after `delay`, as another attempt
    requeue,      // the message goes back to its queue after `delay`
    keep,         // the message stays here for `delay`, and is handled again in its place
    dead_letter,  // the message is given up, and kept
    discard,      // the message is given up, and forgotten
    give_back,    // the message goes back to its queue unchanged
};

struct Decision {
    Action action = Action::ack;
    std::chrono::milliseconds delay{0};
    bool failure = false;  // the handler did not succeed
    // With `retry`, set for a delay that is the handler's own: the retry may come up to this much
    // later; mq::RetryAfter::at_most.
    std::chrono::milliseconds at_most{0};
};

// Pure. A message that goes back to its queue is delivered again at once; so from the third return
// on it is held back first: 250 ms doubling to 10 s. `delivery_limit` is the queue's, 0 if it has
// none or it is unknown: a message that the broker would dead-letter is given up here.
// `retry_after` is the delay that the handler wants for a retry, at most a week. With
// RetryPolicy::in_place, `keep` takes the place of `retry`, `requeue` and `give_back`.
Decision decide(Verdict verdict, History history, const RetryPolicy& policy,
                unsigned delivery_limit,
                std::optional<std::chrono::milliseconds> retry_after = {}) noexcept;

// The delay after `failures` failed attempts.
std::chrono::milliseconds retry_delay(const RetryPolicy& policy, unsigned failures) noexcept;

// The shortest delay of the policy that is not below `wanted`; beyond its longest, the delays
// double on.
std::chrono::milliseconds rounded_up(const RetryPolicy& policy,
                                     std::chrono::milliseconds wanted) noexcept;

// The reason why a message with this verdict is given up or retried: mq::FailureAccount::why.
std::string_view why(Verdict verdict, const RetryPolicy& policy) noexcept;

}  // namespace airy::work
