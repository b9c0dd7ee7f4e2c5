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

// A message with the number by which its caller knows it.
struct Numbered {
    std::uint64_t sequence = 0;
    event::Message message;
};

// The messages that are published on one channel and not confirmed, by delivery tag. basic.return
// carries no tag, so a returned message is recognised by its fingerprint; the broker returns it
// before it acknowledges it. Pure; one thread.
class ConfirmWindow {
  public:
    // A hash of topic, message id and body. Messages that share one share their fate as well: they
    // are the same message to the same exchange.
    static std::uint64_t fingerprint(std::string_view topic, std::string_view message_id,
                                     std::string_view body) noexcept;

    // The next message of the channel was published. Its message is kept until it is settled, to be
    // published again; it may be empty where that will not happen.
    void published(std::uint64_t fingerprint, Numbered kept);

    // False when no message in the window fits: it was not published here.
    bool returned(std::uint64_t fingerprint, int code, std::string reason);

    // The broker's basic.ack or basic.nack; appends one event a message, in order. Tags outside
    // the window change nothing.
    void settle(std::uint64_t tag, bool multiple, bool acknowledged,
                std::vector<PublisherEvent>& out);

    // The channel is gone: what is not settled, in order. The window is then as new.
    std::vector<Numbered> restart();

    std::size_t size() const noexcept { return open_; }
    // Of the bodies that are kept.
    std::size_t bytes() const noexcept { return bytes_; }

  private:
    struct Entry {
        std::uint64_t fingerprint;
        Numbered kept;
        bool settled = false;
        int code = 0;  // of the return, 0 = none
        std::string reason;
    };

    void settle_one(std::size_t index, bool acknowledged, std::vector<PublisherEvent>& out);

    std::uint64_t base_ = 1;  // delivery tag of entries_.front()
    std::deque<Entry> entries_;
    std::size_t open_ = 0;
    std::size_t bytes_ = 0;
};

}  // namespace airy::mq::amqp
