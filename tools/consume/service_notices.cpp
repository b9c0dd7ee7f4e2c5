// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "consume/service_notices.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "util/service_manager.hpp"

namespace airy::tools::consume {
namespace {

using std::chrono::nanoseconds;

// A status that is this old is good enough for people who read it.
constexpr std::chrono::seconds status_interval{2};

std::string describe(const work::ConsumerStatus& status) {
    auto text = fmt::format("{}: {} of {} slots busy, {} handled", work::to_string(status.state),
                            status.running, status.cap, status.handled);
    if (status.waiting > 0) text += fmt::format(", {} waiting", status.waiting);
    if (status.failed > 0) text += fmt::format(", {} failed", status.failed);
    if (status.dead_lettered > 0) text += fmt::format(", {} dead-lettered", status.dead_lettered);
    return text;
}

}  // namespace

ServiceNotices::ServiceNotices(work::Timers& timers)
    : timers_(timers), watchdog_(util::watchdog_patience()) {}

void ServiceNotices::say(std::string_view status) {
    util::notify_service_manager(fmt::format("STATUS={}", status));
}

void ServiceNotices::begin(const work::ConsumerControl& consumer) {
    if (!util::has_service_manager()) return;
    consumer_ = &consumer;
    timer_ = timers_.make([this] { tell(); });
    tell();
}

void ServiceNotices::ready() {
    util::notify_service_manager("READY=1");
    tell_status();
}

void ServiceNotices::stopping() {
    util::notify_service_manager("STOPPING=1");
    tell_status();
}

void ServiceNotices::tell() {
    if (watchdog_) util::notify_service_manager("WATCHDOG=1");
    tell_status();
    const auto pause =
        watchdog_ ? std::min<nanoseconds>(*watchdog_ / 2, status_interval) : status_interval;
    timer_->set(timers_.clock().steady() + pause);
}

void ServiceNotices::tell_status() {
    if (consumer_ == nullptr) return;
    auto status = describe(consumer_->status());
    if (status == last_status_) return;
    say(status);
    last_status_ = std::move(status);
}

}  // namespace airy::tools::consume
