// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "mq/embedded/store.hpp"
#include "util/clock.hpp"
#include "util/fd.hpp"

namespace airy::mq::embedded {

// The session that a subscription watches, and the time at which work is due. Every subscription
// watches the session before its own; the first subscription watches the last session. So the death
// of each session is noticed at once. The first subscription also keeps the time at which messages
// expire; if it fails to, another one does so a second later. One thread.
class Watch {
  public:
    Watch(Store& store, std::int64_t session) : store_(store), session_(session) {}

    // Reads again which session to watch, and when work is due. False when that session is already
    // dead: the caller is to call end_dead_sessions() and refresh() again.
    bool refresh();

    // For poll, with no events: POLLERR says that the watched session has died. -1: none is
    // watched.
    int fd() const noexcept { return end_.get(); }
    util::SteadyTime due_at() const noexcept { return due_at_; }
    // Whether this is the first subscription. It also looks at sessions without a consumer, which
    // no subscription watches: stopped subscriptions, and owners of exclusive queues.
    bool is_first() const noexcept { return first_; }

  private:
    bool watch(std::optional<std::int64_t> session);

    Store& store_;
    const std::int64_t session_;
    std::optional<std::int64_t> watched_;
    util::Fd end_;
    util::SteadyTime due_at_ = util::SteadyTime::max();
    bool first_ = false;
};

}  // namespace airy::mq::embedded
