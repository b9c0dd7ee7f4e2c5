// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "mq/delivery.hpp"
#include "pool/pool.hpp"
#include "util/error.hpp"
#include "work/policy.hpp"

namespace airy::work {

// The details of a failure for the dead letter, beside the reason.
struct FailureDetail {
    std::string line{};         // the handler's last line about it; may be empty
    std::optional<int> code{};  // the handler's own number for it, such as an exit status
    // The line for a requester, who may not see all of `line`; empty: `line`.
    std::string for_requester{};
};

// The handler's answer to a message.
struct HandlerReply {
    std::string body{};
    std::string content_type{};      // empty: not told
    std::string content_encoding{};  // empty: none
};

// The outcome of one message in its handler.
struct HandlerResult {
    Verdict verdict = Verdict::success;
    std::string reason{};  // one line, for people; empty on success
    FailureDetail detail{};
    // It was ended by a signal that asks processes to end, which this consumer did not send.
    bool interrupted = false;
    std::optional<std::chrono::milliseconds> retry_after{};  // wanted delay; with `retry`
    std::optional<HandlerReply> reply{};
};

// The end of a handler: it can handle no further message.
struct HandlerEnd {
    Error error;
    // The reader of the handler's output is gone: no failure of the consumer.
    bool unread = false;
};

// Handles the messages of a consumer. Everything happens on the loop thread.
class Handler {
  public:
    virtual ~Handler() = default;

    // Called once, before the first message is asked for: makes ready all that must work then.
    // Throws the error for which there can be no consumer.
    virtual boost::asio::awaitable<void> come_up() { co_return; }

    // The most messages that one slot takes at once. The messages of one call are in the queue's
    // order, and so are the calls.
    virtual std::size_t batch_limit() const noexcept { return 1; }

    // Whether a message that has failed before must be alone in its call, since a failure does not
    // tell which message of a call is to blame.
    virtual bool retries_alone() const noexcept { return false; }

    // Fills in one result for each message; they are `not_handled` before. After an exception, the
    // results that still are become `retry`. A message that is left `alone`, since its failure may
    // be that of another one, gets a call of its own once a slot is free, so that each is settled
    // when its own run has ended.
    virtual boost::asio::awaitable<void> handle(std::span<const mq::Delivered> batch,
                                                std::span<HandlerResult> results,
                                                pool::TaskContext& context) = 0;

    // Ends the handling of the messages with this id, which is their message id or the event_id of
    // their body: `verdict`, retry or reject, is theirs unless the handler still succeeds. Returns
    // how many are being handled.
    virtual std::size_t cancel(std::string_view /*id*/, Verdict /*verdict*/) { return 0; }
    // No further message will come. What has not really begun, such as a command that waits for
    // resources, is left as `not_handled`.
    virtual void begin_no_more() {}
    // Asks every message that is being handled to end soon.
    virtual void ask_to_stop() {}
    // Ends every message that is being handled at once, by force.
    virtual void kill() {}

    // Asked after each call of `handle`; a consumer whose handler has ended stops.
    virtual std::optional<HandlerEnd> end() const { return std::nullopt; }
    // Whether nothing runs for the handler beside its messages, such as a process that lives on.
    // Once no message comes and none is being handled, the handler comes to rest by itself.
    virtual bool at_rest() const noexcept { return true; }
    // `changed` is called on the loop when `end` or `at_rest` changes outside a call of `handle`.
    virtual void when_changed(std::function<void()> /*changed*/) {}
};

}  // namespace airy::work
