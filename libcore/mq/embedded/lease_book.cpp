// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/lease_book.hpp"

#include <algorithm>
#include <limits>

namespace airy::mq::embedded {
namespace {

constexpr std::size_t most_pending = 256;  // where the prefetch sets no limit

// Removing a run of keys at once is much cheaper than removing each.
std::vector<LeaseBook::Run> runs_of(std::vector<std::int64_t> keys) {
    std::ranges::sort(keys);
    std::vector<LeaseBook::Run> out;
    for (const auto key : keys)
        if (!out.empty() && out.back().last + 1 == key)
            out.back().last = key;
        else
            out.push_back({key, key});
    return out;
}

}  // namespace

LeaseBook::LeaseBook(std::uint64_t part, std::uint16_t prefetch, std::chrono::milliseconds patience)
    : part_(part), patience_(patience), prefetch_(prefetch) {}

void LeaseBook::set_prefetch(std::uint16_t prefetch) {
    prefetch_ = prefetch;
}

DeliveryHandle LeaseBook::take(std::int64_t key, std::int64_t lease) {
    taken_.emplace(++last_number_, Taken{key, lease, State::open});
    if (lease != 0) ++leases_[lease];
    return {part_, last_number_};
}

void LeaseBook::settle(DeliveryHandle delivery, Disposition disposition, util::SteadyTime now) {
    switch (disposition) {
        case Disposition::ack:
            return end(delivery, State::ack, now);
        case Disposition::requeue:
            return end(delivery, State::requeue, now);
        case Disposition::reject:
            return end(delivery, State::reject, now);
    }
}

void LeaseBook::set_aside(DeliveryHandle delivery, util::SteadyTime now) {
    end(delivery, State::set_aside, now);
}

void LeaseBook::end(DeliveryHandle delivery, State state, util::SteadyTime now) {
    if (delivery.part != part_) return;
    const auto found = taken_.find(delivery.number);
    if (found == taken_.end() || found->second.state != State::open) return;
    auto& taken = found->second;
    taken.state = state;
    if (taken.lease != 0) --leases_.at(taken.lease);
    if (pending_.empty()) first_pending_ = now;
    pending_.push_back(delivery.number);
}

bool LeaseBook::due(util::SteadyTime now) const noexcept {
    if (pending_.empty()) return false;
    const auto enough = prefetch_ == 0 ? most_pending : std::max<std::size_t>(1, prefetch_ / 4);
    return pending_.size() >= enough || now >= first_pending_ + patience_;
}

util::SteadyTime LeaseBook::due_at() const noexcept {
    return pending_.empty() ? util::SteadyTime::max() : first_pending_ + patience_;
}

LeaseBook::Settlements LeaseBook::pending() const {
    Settlements out;
    std::vector<std::int64_t> acked;
    for (const auto number : pending_) {
        const auto& taken = taken_.at(number);
        switch (taken.state) {
            case State::ack:
                acked.push_back(taken.key);
                break;
            case State::requeue:
                out.departures.push_back({taken.key, Way::requeue});
                break;
            case State::reject:
                out.departures.push_back({taken.key, Way::reject});
                break;
            case State::set_aside:
                out.departures.push_back({taken.key, Way::set_aside});
                break;
            case State::open:
                break;
        }
        if (taken.lease != 0 && leases_.at(taken.lease) == 0) out.ended.push_back(taken.lease);
    }
    std::ranges::sort(out.ended);
    out.ended.erase(std::unique(out.ended.begin(), out.ended.end()), out.ended.end());
    out.acknowledged = runs_of(std::move(acked));
    return out;
}

void LeaseBook::stored() {
    for (const auto number : pending_) {
        const auto taken = taken_.find(number);
        if (const auto lease = leases_.find(taken->second.lease);
            lease != leases_.end() && lease->second == 0)
            leases_.erase(lease);
        taken_.erase(taken);
    }
    pending_.clear();
}

std::size_t LeaseBook::room() const noexcept {
    if (prefetch_ == 0) return std::numeric_limits<std::size_t>::max();
    return open() < prefetch_ ? prefetch_ - open() : 0;
}

}  // namespace airy::mq::embedded
