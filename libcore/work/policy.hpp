// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
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
    std::string reason{};  // one line, for people; empty on success
};

// What one run of a command means (README, "Exit status of a command").
HandlerResult judge(const ChildResult& result);

// How often a message has been delivered, counting this time, from its redelivered flag and the
// x-delivery-count header that quorum queues add. Where that is not known: 1 or 2.
unsigned delivery_attempt(const mq::Delivered& delivered) noexcept;

struct Decision {
    mq::Settlement settlement = mq::Settlement::ack;
    std::chrono::milliseconds delay{0};  // before it is settled
    bool final = true;                   // the message is done with
    bool failure = false;                // the handler did not succeed
};

// Settles by verdict. A message that goes back to its queue comes again at once, so it is held back
// first: not at all the first time, then 250 ms doubling to 10 s. `delivery_limit` is the queue's,
// 0 if it has none that is known: what the broker would dead-letter is given up here.
Decision decide(Verdict verdict, unsigned attempt, unsigned delivery_limit) noexcept;

}  // namespace airy::work
