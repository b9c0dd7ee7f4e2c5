// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/watch.hpp"

#include <algorithm>
#include <string>

#include "event/limits.hpp"
#include "mq/embedded/beacon.hpp"
#include "mq/embedded/expiry.hpp"

namespace airy::mq::embedded {
namespace {

// A subscription that does not keep the time does the due work when the keeper is this late,
// because its process is stopped or dying.
constexpr std::int64_t keeper_lateness = 1000;  // milliseconds

}  // namespace

bool Watch::refresh() {
    auto& db = store_.db();
    auto before = db.value("SELECT max(session) FROM consumer WHERE session < ?1", session_);
    first_ = !before;
    if (first_) before = db.value("SELECT max(session) FROM consumer");
    if (!watch(before == session_ ? std::nullopt : before)) return false;

    const auto due = next_due(db);
    due_at_ = util::SteadyTime::max();
    if (!due) return true;
    // A file of an older airy may hold a longer wait, which would overflow.
    const auto now = store_.now();
    const auto wait = *due > now ? std::min(*due - now, event::longest_wait) : 0;
    due_at_ = std::chrono::steady_clock::now() +
              std::chrono::milliseconds(wait + (first_ ? 0 : keeper_lateness));
    return true;
}

bool Watch::watch(std::optional<std::int64_t> session) {
    if (session == watched_ && (end_ || !session)) return true;
    watched_ = session;
    end_.reset();
    if (!session) return true;
    auto row = store_.db().query("SELECT beacon FROM session WHERE id = ?1", *session);
    bool alive = true;
    if (row.next()) end_ = watch_beacon(store_.directory(), std::string(row.text(0)), alive);
    return alive;
}

}  // namespace airy::mq::embedded
