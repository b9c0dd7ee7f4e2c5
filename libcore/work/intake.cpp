// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/intake.hpp"

#include <algorithm>
#include <string>
#include <unordered_set>
#include <utility>

#include "event/event_id.hpp"

namespace airy::work {
Intake::Intake(const IntakeOptions& options, InFlight& in_flight, const util::Clock& clock)
    : in_flight_(in_flight), clock_(clock), breaker_(options.break_after) {
    if (options.dedup) dedup_.emplace(*options.dedup);
    if (options.rate) rate_.emplace(*options.rate);
}

void Intake::add(mq::Delivered delivered) {
    ++arrivals_;
    waiting_.push_back({std::move(delivered), clock_.steady()});
    count_waiting();
}

bool Intake::meets_without_id(const mq::Delivered& delivered) {
    if (!dedup_ || met_without_id_) return false;
    return met_without_id_ = event::id_of(delivered.message).empty();
}

Batch Intake::next(std::size_t most) {
    Batch batch;
    const auto now = clock_.steady();
    most = breaker_.allows(std::min(most, waiting_.size()), now);
    batch.deliveries.reserve(most);
    batch.since.reserve(most);
    std::unordered_set<std::string> ids;
    while (batch.deliveries.size() < most && !waiting_.empty()) {
        auto& next = waiting_.front();
        const auto id = dedup_ ? event::id_of(next.delivered.message) : std::string();
        if (!id.empty() && is_duplicate(id)) {
            batch.duplicates.push_back(std::move(next.delivered));
        } else {
            if (!id.empty() && !ids.insert(id).second) break;
            if (rate_ && rate_->take(1, now) == 0) break;
            batch.deliveries.push_back(std::move(next.delivered));
            batch.since.push_back(next.since);
        }
        waiting_.pop_front();
    }
    batch.results.resize(batch.deliveries.size(), {.verdict = Verdict::not_handled});
    if (!batch.deliveries.empty()) batch.probe = breaker_.started();
    count_waiting();
    return batch;
}

util::SteadyTime Intake::next_start() {
    const auto now = clock_.steady();
    return std::max(breaker_.next(now), rate_ ? rate_->next(now) : now);
}

void Intake::set_duplicates_aside(Batch& batch) {
    if (!dedup_) return;
    for (std::size_t i = batch.deliveries.size(); i-- > 0;) {
        const auto id = event::id_of(batch.deliveries[i].message);
        if (id.empty() || !is_duplicate(id)) continue;
        batch.duplicates.push_back(std::move(batch.deliveries[i]));
        const auto at = static_cast<std::ptrdiff_t>(i);
        batch.deliveries.erase(batch.deliveries.begin() + at);
        batch.since.erase(batch.since.begin() + at);
        batch.results.pop_back();
    }
}

void Intake::put_first(Batch& batch) {
    forget(batch);
    for (std::size_t i = batch.deliveries.size(); i-- > 0;)
        waiting_.push_front({std::move(batch.deliveries[i]), batch.since[i]});
    batch.deliveries.clear();
    batch.since.clear();
    batch.results.clear();
    count_waiting();
}

Intake::Change Intake::learn(const mq::Delivered& delivered, const Decision& decision,
                             Breaker::Probe probe) {
    if (decision.action == Action::ack && dedup_)
        if (const auto id = event::id_of(delivered.message); !id.empty())
            dedup_->handled(id, clock_.steady());
    if (decision.action == Action::give_back) {
        breaker_.undecided(probe);
        return Change::none;
    }
    const bool present = breaker_.present(probe);
    if (decision.failure) {
        if (breaker_.failed(probe, clock_.steady())) return Change::opened;
    } else if (breaker_.succeeded(probe)) {
        return Change::closed;
    }
    return present ? Change::present : Change::none;
}

void Intake::interrupted() {
    std::erase_if(waiting_, [this](const Waiting& waiting) {
        const auto handle = waiting.delivered.handle;
        if (!in_flight_.is_void(handle)) return false;
        in_flight_.settled(handle);
        return true;
    });
    count_waiting();
}

std::vector<mq::Delivered> Intake::give_up() {
    std::vector<mq::Delivered> all;
    all.reserve(waiting_.size());
    for (auto& waiting : waiting_)
        all.push_back(std::move(waiting.delivered));
    waiting_.clear();
    count_waiting();
    return all;
}

}  // namespace airy::work
