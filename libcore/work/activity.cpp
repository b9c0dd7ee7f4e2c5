// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/activity.hpp"

#include <algorithm>

#include "event/event_id.hpp"

namespace airy::work {
namespace {

constexpr std::size_t most_failures = 5;
constexpr std::size_t most_told = 64;  // running tasks in a status: more than a screen holds
constexpr std::size_t reason_limit = 200;

}  // namespace

std::int64_t RateMeter::second_of(util::SteadyTime time) {
    return std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count();
}

void RateMeter::add(util::SteadyTime now, std::uint64_t n) {
    const auto second = second_of(now);
    auto& slot = slots_[static_cast<std::size_t>(second) % slots_.size()];
    if (slot.second != second) slot = {second, 0};
    slot.count += n;
}

double RateMeter::rate(std::int64_t now, std::int64_t seconds) const {
    const auto from = std::max(now - seconds, start_);
    std::uint64_t count = 0;
    for (const auto& slot : slots_)
        if (slot.second >= from && slot.second < now) count += slot.count;
    return static_cast<double>(count) / static_cast<double>(std::max<std::int64_t>(1, now - from));
}

Rates RateMeter::rates(util::SteadyTime now) const {
    const auto second = second_of(now);
    return {rate(second, 1), rate(second, 10), rate(second, 60)};
}

Activity::Activity(const util::Clock& clock)
    : clock_(clock), started_(clock.steady()), handled_rate_(started_), failed_rate_(started_) {}

void Activity::began(std::uint64_t run, std::span<const mq::Delivered> batch,
                     std::span<const util::SteadyTime> since) {
    const auto now = clock_.steady();
    for (const auto time : since)
        wait_.record(now - time);
    const auto& first = batch.front();
    const std::lock_guard lock(mutex_);
    running_.emplace_hint(
        running_.end(), run,
        Begun{{first.message.topic, event::id_of(first.message), batch.size(), {}}, now});
}

void Activity::ended(std::uint64_t run, std::span<const mq::Delivered> batch,
                     std::chrono::nanoseconds took, bool handled) {
    if (handled) {
        ++batches_;
        for (std::size_t i = 0; i < batch.size(); ++i)
            run_.record(took);
    }
    const std::lock_guard lock(mutex_);
    running_.erase(run);
}

void Activity::failed(const mq::Delivered& delivered, const HandlerResult& result,
                      const Decision&) {
    const std::lock_guard lock(mutex_);
    failed_rate_.add(clock_.steady());
    note_failure(delivered, result.reason);
}

void Activity::service_absent(std::chrono::seconds, const mq::Delivered& last,
                              std::string_view reason, bool first) {
    if (!first) return;
    const std::lock_guard lock(mutex_);
    note_failure(last, reason);
}

// Under the lock.
void Activity::note_failure(const mq::Delivered& delivered, std::string_view reason) {
    if (failures_.size() == most_failures) failures_.pop_front();
    failures_.push_back({clock_.now(), delivered.message.topic, event::id_of(delivered.message),
                         std::string(reason.substr(0, reason_limit))});
}

void Activity::concluded(const mq::Delivered&, Conclusion conclusion, const Course&) {
    if (conclusion != Conclusion::ack) return;
    const auto now = clock_.steady();
    const std::lock_guard lock(mutex_);
    handled_rate_.add(now);
}

void Activity::tell(ConsumerStatus& status) const {
    const auto now = clock_.steady();
    status.state = state_;
    status.uptime = now - started_;
    status.reconnects = reconnects_;
    status.batches = batches_;
    status.wait = percentiles(wait_.snapshot());
    status.run = percentiles(run_.snapshot());
    status.confirm = percentiles(confirm_.snapshot());
    const std::lock_guard lock(mutex_);
    status.handled_rates = handled_rate_.rates(now);
    status.failed_rates = failed_rate_.rates(now);
    status.failures.assign(failures_.begin(), failures_.end());
    for (const auto& [run, begun] : running_) {
        if (status.tasks.size() == most_told) break;
        status.tasks.push_back(begun.task);
        status.tasks.back().running = now - begun.at;
    }
}

}  // namespace airy::work
