// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "mq/embedded/store.hpp"
#include "util/clock.hpp"
#include "util/fd.hpp"

namespace airy::mq::embedded {

// What a subscription watches beside its own queue. Every subscription watches the session before
// it, the first one the last one, so that each death is noticed by somebody; and the first one
// keeps the time at which messages expire. Others would notice within a second. One thread.
class Watch {
  public:
    Watch(Store& store, std::int64_t session) : store_(store), session_(session) {}

    // Finds out anew whom to watch, and when something is due. False: whom it was to watch has died
    // already, unnoticed; end_dead_sessions() and refresh again.
    bool refresh();

    // For poll, with no events: POLLERR says that the watched session has died. -1: nobody.
    int fd() const noexcept { return end_.get(); }
    util::SteadyTime due_at() const noexcept { return due_at_; }
    // Whether this is the first subscription, which also looks after who is in no queue's row any
    // more: those that drain, and owners of exclusive queues.
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
