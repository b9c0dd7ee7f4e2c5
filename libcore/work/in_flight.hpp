// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "mq/delivery.hpp"

namespace airy::work {

// Deliveries that were taken from the broker and are not settled, counted by part, and which parts
// are void. Each `taken` has one `settled`, also where the part became void meanwhile. Loop thread,
// except `count`.
class InFlight {
  public:
    void taken(mq::DeliveryHandle delivery);
    void settled(mq::DeliveryHandle delivery);

    // The part's deliveries are void from now on; 0: those of every part.
    void interrupted(std::uint64_t part);
    // All deliveries are void, now and from now on.
    void lost() noexcept { lost_ = true; }

    // Whether settling the delivery has no effect, since the broker delivers it again.
    bool is_void(mq::DeliveryHandle delivery) const noexcept {
        return lost_ || (any_void_ && part_is_void(delivery.part));
    }
    bool any_void() const noexcept { return lost_ || any_void_; }

    std::size_t count() const noexcept { return count_.load(std::memory_order_relaxed); }

  private:
    struct Part {
        std::uint64_t part = 0;
        std::size_t count = 0;
        bool is_void = false;
    };
    Part* find(std::uint64_t part) noexcept;
    bool part_is_void(std::uint64_t part) const noexcept;
    void forget_settled() noexcept;

    std::vector<Part> parts_;  // few: one, and those with messages that handlers still work on
    bool any_void_ = false;
    bool lost_ = false;
    std::atomic<std::size_t> count_{0};
};

}  // namespace airy::work
