// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "event/message.hpp"
#include "mq/publisher.hpp"

namespace airy::mq::amqp {

// The messages that are published and not confirmed, by sequence number. basic.return carries no
// tag, so a returned message is recognised by its fingerprint; the broker returns it before it
// acknowledges it. Pure; one thread.
class ConfirmWindow {
  public:
    // A hash of topic, message id and body. Messages that share one share their fate as well: they
    // are the same message to the same exchange.
    static std::uint64_t fingerprint(std::string_view topic, std::string_view message_id,
                                     std::string_view body) noexcept;

    // The next message was published; its sequence number is one more than the last one's.
    void published(std::uint64_t fingerprint);

    // False when no message in the window fits: it was not published here.
    bool returned(std::uint64_t fingerprint, int code, std::string reason);

    // The broker's basic.ack or basic.nack; appends one event a message, in order. Tags outside
    // the window change nothing.
    void settle(std::uint64_t tag, bool multiple, bool acknowledged,
                std::vector<PublisherEvent>& out);

    std::size_t size() const noexcept { return open_; }

  private:
    struct Entry {
        std::uint64_t fingerprint;
        bool settled = false;
        int code = 0;  // of the return, 0 = none
        std::string reason;
    };

    void settle_one(std::size_t index, bool acknowledged, std::vector<PublisherEvent>& out);

    std::uint64_t base_ = 1;  // sequence number of entries_.front()
    std::deque<Entry> entries_;
    std::size_t open_ = 0;
};

}  // namespace airy::mq::amqp
