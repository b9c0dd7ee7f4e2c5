// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "inspect/trouble.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "util/duration.hpp"

namespace airy::inspect {
namespace {

using work::ConsumerStatus;
using namespace std::chrono_literals;

// A handler that runs for so long, and three times as long as any handler that ended, may never
// end.
constexpr auto patience = 10s;
// Below this, taking and settling messages costs more time than the handlers.
constexpr auto slow_handler = 100ms;
constexpr double failing_share = 0.1;
constexpr double saturated_share = 0.8;  // of the time of all slots

bool is_full(const ConsumerStatus& status) {
    return status.running > 0 && status.free == 0;
}

bool has_ready(const std::vector<mq::QueueReport>& queues, const std::string& name) {
    return std::ranges::any_of(queues, [&name](const mq::QueueReport& report) {
        return report.queue.name == name && report.queue.ready.value_or(0) > 0;
    });
}

// No handler more can start: all slots are taken, or all that the broker hands out at once (the
// prefetch) runs while more is ready.
bool is_stuck(const ConsumerStatus& status, const std::vector<mq::QueueReport>& queues) {
    if (is_full(status)) return true;
    return status.state == work::ConsumerState::running && status.running > 0 &&
           status.running == status.in_flight && has_ready(queues, status.queue);
}

std::optional<Trouble> hung(const ConsumerStatus& status,
                            const std::vector<mq::QueueReport>& queues) {
    const auto pace = status.handled_rates.ten_seconds + status.failed_rates.ten_seconds;
    if (!is_stuck(status, queues) || pace > 0 || status.tasks.empty()) return std::nullopt;
    const auto oldest = status.tasks.front().running;
    if (oldest < std::max<std::chrono::nanoseconds>(patience, 3 * status.run.max))
        return std::nullopt;
    if (status.run.count == 0)
        return Trouble{
            Trouble::Kind::hung,
            fmt::format("hung, or very slow: the oldest of {} runs {}, none has ended yet",
                        status.running, util::format_duration(oldest))};
    return Trouble{Trouble::Kind::hung,
                   fmt::format("hung: the oldest of {} runs {}, none has ended for 10s",
                               status.running, util::format_duration(oldest))};
}

std::optional<Trouble> failing(const ConsumerStatus& status) {
    const double failed = status.failed_rates.minute;
    const double ended = failed + status.handled_rates.minute;
    if (failed <= 0 || failed < failing_share * ended) return std::nullopt;
    auto why = fmt::format("failing: {:.0f}% of {:.1f}/s", 100 * failed / ended, ended);
    if (!status.failures.empty()) why += ", last: " + status.failures.back().reason;
    return Trouble{Trouble::Kind::failing, std::move(why)};
}

// Whether the slots were taken nearly all the time of the last seconds.
bool is_saturated(const ConsumerStatus& status) {
    if (status.run.count == 0) return false;
    const double each = std::chrono::duration<double>(status.run.sum).count() /
                        static_cast<double>(status.run.count);
    const double pace = status.handled_rates.ten_seconds + status.failed_rates.ten_seconds;
    return pace * each >= saturated_share * static_cast<double>(status.cap);
}

// Messages wait in this consumer or, as slow handlers take none ahead, in the queue. Where the
// queue is not known, slots that are never free tell the same.
std::optional<Trouble> slow(const ConsumerStatus& status,
                            const std::vector<mq::QueueReport>& queues) {
    if (!is_full(status) || status.run.p50 < slow_handler) return std::nullopt;
    if (status.in_flight <= status.running && !has_ready(queues, status.queue) &&
        !(queues.empty() && is_saturated(status)))
        return std::nullopt;
    return Trouble{
        Trouble::Kind::slow,
        fmt::format("slow: all {} slots taken, a handler takes {} (p50), {:.1f}/s", status.cap,
                    util::format_duration(status.run.p50), status.handled_rates.ten_seconds)};
}

}  // namespace

std::optional<Trouble> trouble(const Consumer& consumer,
                               const std::vector<mq::QueueReport>& queues) {
    if (!consumer.status)
        return Trouble{Trouble::Kind::silent,
                       "not answering: stopped (SIGSTOP), hung itself, or swamped"};
    const auto& status = *consumer.status;
    if (auto found = hung(status, queues)) return found;
    if (auto found = failing(status)) return found;
    return slow(status, queues);
}

}  // namespace airy::inspect
