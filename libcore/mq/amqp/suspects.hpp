// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

namespace airy::mq::amqp {

// The way in which a channel or a connection ended while messages were on it without an outcome.
enum class Ending : std::uint8_t {
    unrelated,   // an operator, a shutdown: no message is the cause
    silent,      // without a word: the network, a broker that died, or a message that broke it
    connection,  // the broker closed the connection
    channel,     // the broker closed the channel, as it does for one message that it refuses
};

// Finds the message for which the broker closes the channel or the connection again and again. Many
// messages are on the way together, and no frame tells the cause. So the messages that were on the
// way go one at a time once the same oldest message saw two endings, or the channel was closed. The
// message that then ends it alone is the cause. Sequence numbers as in Publisher. Pure; one thread.
class Suspects {
  public:
    // The messages from `oldest` to `newest` had no outcome at the ending. Returns whether `oldest`
    // is found to be the cause.
    bool ended(Ending ending, std::uint64_t oldest, std::uint64_t newest) noexcept;

    // Whether this message must be on the way alone.
    bool must_go_alone(std::uint64_t sequence) const noexcept { return sequence <= last_alone_; }

  private:
    std::uint64_t oldest_ = 0;  // at the last ending
    int endings_ = 0;           // in a row with this oldest message
    int endings_alone_ = 0;     // those with no other message on the way
    std::uint64_t last_alone_ = 0;
};

}  // namespace airy::mq::amqp
