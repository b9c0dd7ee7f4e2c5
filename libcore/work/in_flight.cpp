// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/in_flight.hpp"

#include <algorithm>

namespace airy::work {

InFlight::Part* InFlight::find(std::uint64_t part) noexcept {
    for (auto& known : parts_)
        if (known.part == part) return &known;
    return nullptr;
}

void InFlight::taken(mq::DeliveryHandle delivery) {
    auto* part = find(delivery.part);
    if (part == nullptr) part = &parts_.emplace_back(Part{delivery.part});
    ++part->count;
    count_.fetch_add(1, std::memory_order_relaxed);
}

void InFlight::settled(mq::DeliveryHandle delivery) {
    auto* part = find(delivery.part);
    if (part == nullptr || part->count == 0) return;
    count_.fetch_sub(1, std::memory_order_relaxed);
    if (--part->count == 0 && part->is_void) forget_settled();
}

void InFlight::interrupted(std::uint64_t part) {
    for (auto& known : parts_)
        if (part == 0 || known.part == part) known.is_void = true;
    forget_settled();
}

// Forgets a void part once all of it is settled.
void InFlight::forget_settled() noexcept {
    std::erase_if(parts_, [](const Part& part) { return part.is_void && part.count == 0; });
    any_void_ = std::ranges::any_of(parts_, &Part::is_void);
}

bool InFlight::part_is_void(std::uint64_t part) const noexcept {
    return std::ranges::any_of(
        parts_, [part](const Part& known) { return known.is_void && known.part == part; });
}

}  // namespace airy::work
