// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/inventory.hpp"

#include <algorithm>
#include <charconv>

namespace airy::mq {

namespace {

using std::chrono::milliseconds;

// Clocks of two hosts differ by less; a timestamp further ahead is not in this unit.
constexpr milliseconds most_ahead = std::chrono::hours(1);
// The year 2001 in seconds and in milliseconds: an earlier time is no publisher's clock.
constexpr std::int64_t least_seconds = 1'000'000'000;
constexpr std::int64_t least_milliseconds = 1000 * least_seconds;

std::optional<milliseconds> time_of(std::int64_t timestamp, milliseconds latest) {
    if (timestamp >= least_seconds && timestamp <= latest.count() / 1000)
        return milliseconds(1000 * timestamp);
    if (timestamp >= least_milliseconds && timestamp <= latest.count())
        return milliseconds(timestamp);
    return std::nullopt;
}

}  // namespace

std::optional<milliseconds> oldest_age(const QueueInfo& queue, util::SystemTime at) {
    if (queue.ready == 0) return milliseconds(0);
    const auto now = std::chrono::floor<milliseconds>(at).time_since_epoch();
    const auto since = queue.oldest_at        ? milliseconds(*queue.oldest_at)
                       : queue.head_timestamp ? time_of(*queue.head_timestamp, now + most_ahead)
                                              : std::nullopt;
    if (!since) return std::nullopt;
    return std::max(now - *since, milliseconds(0));
}

std::string_view to_string(QueueSource source) noexcept {
    switch (source) {
        case QueueSource::management:
            return "management";
        case QueueSource::amqp:
            return "amqp";
        case QueueSource::broker:
            return "broker";
        case QueueSource::both:
            break;
    }
    return "management+amqp";
}

std::optional<std::uint64_t> limit_of(const QueueInfo& queue, std::string_view what) {
    std::optional<std::uint64_t> least;
    const auto take = [&](std::string_view name, const std::vector<QueueArgument>& from) {
        const auto found = std::ranges::find(from, name, &QueueArgument::name);
        if (found == from.end()) return;
        std::uint64_t limit = 0;
        const auto* end = found->value.data() + found->value.size();
        const auto read = std::from_chars(found->value.data(), end, limit);
        if (read.ec == std::errc() && read.ptr == end && (!least || limit < *least)) least = limit;
    };
    take("x-" + std::string(what), queue.arguments);
    take(what, queue.policy_keys);
    return least;
}

}  // namespace airy::mq
