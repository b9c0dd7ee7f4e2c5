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

// A message with its sequence number (see Publisher).
struct Numbered {
    std::uint64_t sequence = 0;
    event::Message message;
};

// The messages published on one channel and not confirmed, by delivery tag. basic.return carries no
// tag, so a returned message is recognised by its fingerprint; the broker returns a message before
// it acknowledges it. Pure; one thread.
class ConfirmWindow {
  public:
    // A hash of topic, message id and body. Messages with one fingerprint have the same outcome:
    // they are the same message to the same exchange.
    static std::uint64_t fingerprint(std::string_view topic, std::string_view message_id,
                                     std::string_view body) noexcept;

    // `give_back`: a refused message comes with its event.
    explicit ConfirmWindow(bool give_back = false) : give_back_(give_back) {}

    // The channel's next message was published. `kept` stays until the broker settles it, to be
    // published again; its message may be empty where it is never published again.
    void published(std::uint64_t fingerprint, Numbered kept);

    // False when no message in the window has this fingerprint: it was not published here.
    bool returned(std::uint64_t fingerprint, int code, std::string reason);

    // The broker's basic.ack or basic.nack; appends one event a message, in order. Tags outside
    // the window change nothing.
    void settle(std::uint64_t tag, bool multiple, bool acknowledged,
                std::vector<PublisherEvent>& out);

    // The channel is gone: returns the messages not settled, in order, and begins a new window.
    std::vector<Numbered> restart();

    std::size_t size() const noexcept { return open_; }
    // The first message that is not settled; there is one.
    std::uint64_t oldest() const noexcept { return entries_.front().kept.sequence; }
    // Bytes of the kept bodies.
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

    bool give_back_;
    std::uint64_t base_ = 1;  // delivery tag of entries_.front()
    std::deque<Entry> entries_;
    std::size_t open_ = 0;
    std::size_t bytes_ = 0;
};

}  // namespace airy::mq::amqp
