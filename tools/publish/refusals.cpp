// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "publish/refusals.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "util/backoff.hpp"

namespace airy::tools::publish {

using std::chrono::milliseconds;

bool Refusals::counts(Submission& about, util::SteadyTime now) {
    if (about.refusals++ == 0) about.first_refused_at = now;
    const bool again = about.refusals <= limits_.most && !given_up_.contains(about.topic) &&
                       (!limits_.within || now - about.first_refused_at < *limits_.within);
    if (!again) given_up_.insert(about.topic);
    return again;
}

void Refusals::add(event::Message message, Submission about, util::SteadyTime now) {
    constexpr util::Backoff<milliseconds> pauses{milliseconds(100), milliseconds(5000)};
    auto pause = util::shortened(pauses.delay(about.refusals - 1), random_);
    if (limits_.within) {
        const auto end = about.first_refused_at + *limits_.within;
        pause = std::clamp(std::chrono::ceil<milliseconds>(end - now), milliseconds(0), pause);
    }
    auto behind = waiting_.end();
    while (behind != waiting_.begin() && std::prev(behind)->about.line > about.line)
        --behind;
    waiting_.insert(behind, {std::move(message), std::move(about), now + pause});
}

void Refusals::confirmed(const std::string& topic) {
    given_up_.erase(topic);
}

Refusals::Waiting* Refusals::due(util::SteadyTime now) {
    if (waiting_.empty() || waiting_.front().due > now) return nullptr;
    return &waiting_.front();
}

milliseconds Refusals::left(util::SteadyTime now) const {
    if (waiting_.empty()) return milliseconds::max();
    return std::max(std::chrono::ceil<milliseconds>(waiting_.front().due - now), milliseconds(0));
}

}  // namespace airy::tools::publish
