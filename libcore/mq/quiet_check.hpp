// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include "mq/subscription.hpp"

namespace airy::mq {

// Finds out whether any message is on its way to a subscription. A message in delivery is no longer
// ready and may need minutes to come, so that neither a count nor a pause tells. An answer to
// Subscription::count comes behind the deliveries that the broker began before the question, but
// may overtake one that the queue began while the broker counted. Behind a second answer, none is
// left. Pure; one thread.
class QuietCheck {
  public:
    // `ask` calls `count` of the subscription.
    explicit QuietCheck(std::function<std::uint64_t()> ask) : ask_(std::move(ask)) {}

    void begin() {
        ready_.reset();
        answered_once_ = false;
        question_ = ask_();
    }
    // A message has come, or the connection was lost: the check ends without a result.
    void disturb() {
        question_.reset();
        ready_.reset();
    }
    void take(const Counted& counted) {
        if (question_ != counted.question) return;
        if (!std::exchange(answered_once_, true)) {
            question_ = ask_();
            return;
        }
        question_.reset();
        ready_ = counted.ready;
    }

    bool under_way() const noexcept { return question_.has_value(); }
    // The queue's ready messages; absent unless the check has found that none is on its way.
    std::optional<std::uint64_t> ready() const noexcept { return ready_; }

  private:
    std::function<std::uint64_t()> ask_;
    std::optional<std::uint64_t> question_;  // without an answer
    bool answered_once_ = false;
    std::optional<std::uint64_t> ready_;
};

}  // namespace airy::mq
