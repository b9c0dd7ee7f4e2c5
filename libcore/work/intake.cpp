// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/intake.hpp"

#include <algorithm>
#include <string>
#include <unordered_set>
#include <utility>

#include "event/event_id.hpp"
#include "work/batch_options.hpp"

namespace airy::work {

void Batch::add(Waiting&& waiting) {
    deliveries.push_back(std::move(waiting.delivered));
    since.push_back(waiting.since);
    numbers.push_back(waiting.number);
}

void Batch::reserve(std::size_t messages) {
    deliveries.reserve(messages);
    since.reserve(messages);
    numbers.reserve(messages);
}

mq::Delivered Batch::take_out(std::size_t index) {
    const auto at = static_cast<std::ptrdiff_t>(index);
    auto delivered = std::move(deliveries[index]);
    deliveries.erase(deliveries.begin() + at);
    since.erase(since.begin() + at);
    numbers.erase(numbers.begin() + at);
    results.erase(results.begin() + at);
    return delivered;
}

Intake::Intake(const IntakeOptions& options, InFlight& in_flight, const util::Clock& clock)
    : in_flight_(in_flight),
      clock_(clock),
      line_(options.by_priority, options.serial_by, options.most_priority),
      batch_wait_(options.batch_wait),
      starts_alone_(options.starts_alone),
      breaker_(options.break_after) {
    if (options.dedup) dedup_.emplace(*options.dedup);
    if (options.rate) rate_.emplace(*options.rate);
}

const mq::Delivered* Intake::add(mq::Delivered delivered) {
    ++arrivals_;
    const auto* keyless = line_.add(std::move(delivered), clock_.steady());
    count_waiting();
    return keyless;
}

void Intake::add_again(mq::Delivered delivered) {
    ++arrivals_;
    line_.again(std::move(delivered), clock_.steady());
    count_waiting();
}

bool Intake::meets_without_id(const mq::Delivered& delivered) {
    if (!dedup_ || met_without_id_) return false;
    return met_without_id_ = event::id_of(delivered.message).empty();
}

// Where keys hold messages back, the broker may have no room to deliver more.
bool Intake::is_complete(std::size_t most, util::SteadyTime now) const {
    return !batch_wait_ || line_.size() >= most || now >= complete_at();
}

util::SteadyTime Intake::complete_at() const {
    if (line_.startable() == 0) return util::SteadyTime::max();
    if (is_alone(line_.first())) return line_.oldest();
    return line_.oldest() + *batch_wait_;
}

Batch Intake::next(std::size_t most) {
    Batch batch;
    const auto now = clock_.steady();
    most = breaker_.allows(most, now);
    if (!is_complete(most, now)) return batch;
    batch.reserve(std::min(most, line_.startable()));
    std::unordered_set<std::string> ids;
    std::size_t bytes = 0;
    while (batch.deliveries.size() < most && line_.startable() > 0) {
        const auto& delivered = line_.first().delivered;
        const auto& message = delivered.message;
        const auto id = dedup_ ? event::id_of(message) : std::string();
        if (!id.empty() && is_duplicate(id)) {
            batch.duplicates.push_back(line_.remove_first().delivered);
            continue;
        }
        const bool first = batch.deliveries.empty();
        const bool alone = is_alone(line_.first());
        if (!first && (alone || batch.alone)) break;
        if (!id.empty() && !ids.insert(id).second) break;
        bytes += message.body.size();
        if (batch_wait_ && !first && bytes > batch_bytes) break;
        if (rate_ && (first || !batch_wait_) && rate_->take(1, now) == 0) break;
        batch.alone = alone;
        batch.add(line_.begin_first());
    }
    batch.results.resize(batch.deliveries.size(), {.verdict = Verdict::not_handled});
    if (!batch.deliveries.empty()) batch.probe = breaker_.started();
    count_waiting();
    return batch;
}

util::SteadyTime Intake::next_start(std::size_t most) {
    if (line_.startable() == 0 && line_.size() > 0) return util::SteadyTime::max();
    const auto now = clock_.steady();
    auto start = std::max(breaker_.next(now), rate_ ? rate_->next(now) : now);
    if (!is_complete(breaker_.allows(most, start), start)) start = std::max(start, complete_at());
    return start;
}

void Intake::set_duplicates_aside(Batch& batch) {
    if (!dedup_) return;
    for (std::size_t i = batch.deliveries.size(); i-- > 0;) {
        const auto id = event::id_of(batch.deliveries[i].message);
        if (id.empty() || !is_duplicate(id)) continue;
        line_.finish(batch.deliveries[i].handle);
        batch.duplicates.push_back(batch.take_out(i));
    }
}

void Intake::put_first(Batch& batch) {
    forget(batch);
    for (std::size_t i = 0; i < batch.deliveries.size(); ++i)
        line_.put_back(
            {std::move(batch.deliveries[i]), batch.since[i], batch.numbers[i], batch.alone});
    batch.deliveries.clear();
    batch.since.clear();
    batch.numbers.clear();
    batch.results.clear();
    count_waiting();
}

Intake::Change Intake::learn(const mq::Delivered& delivered, const Decision& decision,
                             Breaker::Probe probe) {
    if (decision.action == Action::keep && !in_flight_.is_void(delivered.handle))
        line_.hold(delivered.handle);
    else
        line_.finish(delivered.handle);
    if (decision.action == Action::ack && dedup_)
        if (const auto id = event::id_of(delivered.message); !id.empty())
            dedup_->handled(id, clock_.steady());
    if (decision.action == Action::give_back ||
        (decision.action == Action::keep && !decision.failure)) {
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
    line_.release_held([this](mq::DeliveryHandle handle) { return in_flight_.is_void(handle); });
    line_.drop([this](const mq::Delivered& delivered) {
        if (!in_flight_.is_void(delivered.handle)) return false;
        in_flight_.settled(delivered.handle);
        return true;
    });
    count_waiting();
}

std::optional<util::SteadyTime> Intake::oldest() const {
    if (line_.startable() == 0) return std::nullopt;
    return line_.oldest();
}

void Intake::release_held() {
    line_.release_held([](mq::DeliveryHandle) { return true; });
}

std::vector<mq::Delivered> Intake::give_up() {
    auto all = line_.give_up();
    count_waiting();
    return all;
}

}  // namespace airy::work
