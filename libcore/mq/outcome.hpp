// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "mq/publisher.hpp"

namespace airy::mq {

// The outcome of one published message.
struct Outcome {
    enum class Kind : std::uint8_t { confirmed, unroutable, refused };

    std::uint64_t sequence = 0;
    Kind kind = Kind::confirmed;
    int code = 0;  // of an unroutable message: the broker's reply code
    // Of an unroutable message: the broker's words. Of a refused one: as in Refused.
    std::string reason{};
    bool forbidden = false;  // likewise

    bool delivered() const noexcept { return kind == Kind::confirmed; }
};

// The outcome in `event`; nullopt for events of the connection.
std::optional<Outcome> outcome_of(const PublisherEvent& event);

// Throws the error of `event` if it is a `Lost`.
void throw_if_lost(const PublisherEvent& event);

// Takes all events and calls `see(Outcome)` for each outcome among them. Throws the error of a
// `Lost`.
template <typename See>
void take_outcomes(Publisher& publisher, See&& see) {
    for (const auto& event : publisher.take()) {
        throw_if_lost(event);
        if (auto outcome = outcome_of(event)) see(std::move(*outcome));
    }
}

// Tells whether messages are still on their way to the broker: a large one on a slow link needs
// longer than any patience with the broker. The publisher outlives this; one thread.
class Upload {
  public:
    explicit Upload(const Publisher& publisher)
        : publisher_(publisher), sent_(publisher.bytes_sent()) {}

    // Whether more than heartbeats reached the broker's machine since the last call.
    bool goes_on() {
        const auto now = publisher_.bytes_sent();
        const auto before = std::exchange(sent_, now);
        return now < before || now - before >= least;
    }

  private:
    static constexpr std::uint64_t least = 1024;  // bytes; a heartbeat has 8
    const Publisher& publisher_;
    std::uint64_t sent_;
};

// Publishes `message` and waits for its outcome; nothing else may be in flight on `publisher`.
// Returns nullopt when there is none within `patience` after the message has left: the message may
// then be in its queue, or arrive there later. Throws the error of a lost connection.
std::optional<Outcome> publish_one(Publisher& publisher, event::Message message,
                                   std::chrono::milliseconds patience);

}  // namespace airy::mq
