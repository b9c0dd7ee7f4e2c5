// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "mq/broker.hpp"

namespace airy::mq::copies {

// The rule of one queue for messages that come back.
struct ReturnRule {
    // A message that comes back more often is dead-lettered, or dropped where the queue names no
    // dead-letter exchange. nullopt: no limit, or none that can be known.
    std::optional<std::uint64_t> limit{};
    // The queue's limit could not be found out, so `limit` is the least that is of use: a message
    // that came back once may come back no more. For queues that count returns.
    bool guessed = false;
    // Looking goes on behind a message whose next return would be one too many.
    bool look_to_the_last = false;
};

// Saves messages of one queue that were taken to be looked at, and whose return would be one too
// many: a confirmed copy at the end of the queue takes their place. One thread.
class LastReturn {
  public:
    // The broker outlives this.
    LastReturn(Broker& broker, std::string queue, const ReturnRule& rule)
        : broker_(broker), queue_(std::move(queue)), rule_(rule) {}

    bool limited() const noexcept { return rule_.limit.has_value(); }
    // Whether copies can be made; the answer takes a round trip to the broker.
    bool can_copy();

    bool is_due(const Delivered& delivered) const noexcept;
    bool must_end_look(const Delivered& delivered) const noexcept {
        return is_due(delivered) && !rule_.look_to_the_last;
    }
    // Returns once the copy is confirmed: the message may be acknowledged then. False: the broker
    // does not take the copy.
    bool copy(const Delivered& delivered);

    std::uint64_t copied() const noexcept { return copied_; }

  private:
    Broker& broker_;
    const std::string queue_;
    const ReturnRule rule_;
    std::unique_ptr<Publisher> publisher_;  // connected by the first copy
    std::uint64_t copied_ = 0;
};

}  // namespace airy::mq::copies
