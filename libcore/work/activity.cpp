// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/activity.hpp"

#include <algorithm>

namespace airy::work {
namespace {

constexpr std::size_t most_failures = 5;
constexpr std::size_t most_told = 64;  // of what runs: more than a screen holds
constexpr std::size_t reason_limit = 200;

std::string message_id(const mq::Delivered& delivered) {
    return delivered.message.properties.message_id.value_or(std::string());
}

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

Activity::Key Activity::begin(const mq::Delivered& first, std::size_t count, util::SteadyTime now) {
    const std::lock_guard lock(mutex_);
    return running_.insert(running_.end(),
                           {{first.message.topic, message_id(first), count, {}}, now});
}

void Activity::end(Key key) {
    const std::lock_guard lock(mutex_);
    running_.erase(key);
}

void Activity::handled(util::SteadyTime now) {
    const std::lock_guard lock(mutex_);
    handled_.add(now);
}

void Activity::failed(const mq::Delivered& delivered, const std::string& reason,
                      util::SteadyTime now) {
    const std::lock_guard lock(mutex_);
    failed_.add(now);
    if (failures_.size() == most_failures) failures_.pop_front();
    failures_.push_back({util::system_clock().now(), delivered.message.topic, message_id(delivered),
                         reason.substr(0, reason_limit)});
}

void Activity::tell(ConsumerStatus& status, util::SteadyTime now) const {
    const std::lock_guard lock(mutex_);
    status.handled_rates = handled_.rates(now);
    status.failed_rates = failed_.rates(now);
    status.failures.assign(failures_.begin(), failures_.end());
    for (const auto& [task, at] : running_) {
        if (status.tasks.size() == most_told) break;
        status.tasks.push_back(task);
        status.tasks.back().running = now - at;
    }
}

}  // namespace airy::work
