// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "publish/confirm_times.hpp"

#include <algorithm>
#include <utility>

#include "inspect/prometheus.hpp"
#include "mq/outcome.hpp"
#include "util/log.hpp"
#include "util/whole_file.hpp"

namespace airy::tools::publish {
namespace {

constexpr std::chrono::seconds interval{10};

}  // namespace

ConfirmTimes::ConfirmTimes(std::string path, std::string exchange)
    : path_(std::move(path)), exchange_(std::move(exchange)) {
    if (!path_.empty()) write_file();
}

void ConfirmTimes::submitted() {
    if (!path_.empty()) open_.push_back(util::steady_now());
}

void ConfirmTimes::take(const mq::PublisherEvent& event) {
    if (path_.empty()) return;
    const auto outcome = mq::outcome_of(event);
    if (!outcome || outcome->sequence < base_ || outcome->sequence - base_ >= open_.size()) return;
    auto& sent = open_[outcome->sequence - base_];
    if (outcome->delivered()) times_.record(util::steady_now() - sent);
    sent = {};
    while (!open_.empty() && open_.front() == util::SteadyTime{}) {
        open_.pop_front();
        ++base_;
    }
}

void ConfirmTimes::write_when_due() noexcept {
    if (due_in() == 0) write();
}

int ConfirmTimes::due_in() const {
    if (path_.empty() || failed_ || written_ == times_.count()) return -1;
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(written_at_ + interval - util::steady_now());
    return static_cast<int>(std::max<std::int64_t>(0, left.count()));
}

void ConfirmTimes::write() noexcept {
    if (path_.empty() || failed_ || written_ == times_.count()) return;
    try {
        write_file();
    } catch (const std::exception& error) {
        failed_ = true;
        util::log_warn("no metrics are kept any more", {{"reason", error.what()}});
    }
}

// Writes the whole file or nothing: the collector may read at any time.
void ConfirmTimes::write_file() {
    util::write_whole_file(path_, inspect::prometheus_text(work::percentiles(times_), exchange_));
    written_ = times_.count();
    written_at_ = util::steady_now();
}

}  // namespace airy::tools::publish
