// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <vector>

#include "mq/delivery.hpp"
#include "pool/suspend.hpp"
#include "util/clock.hpp"
#include "work/handler.hpp"

namespace airy::work {

using SuspendedCalls = std::list<pool::ResumeCoroutine>;

// One call of a handler that waits for the results of its messages.
struct WorkerCall {
    std::size_t open = 0;  // messages without a result
    // Where its coroutine is kept: not in the coroutine itself, which would then never be
    // destroyed.
    std::optional<SuspendedCalls::iterator> suspended{};
};

// A message on its way through a worker.
struct WorkerJob {
    const mq::Delivered& delivered;
    HandlerResult& result;
    WorkerCall& call;
    std::optional<Verdict> when_cancelled{};  // set once it is cancelled
};

// The messages that a worker process got and has not answered, in the order in which it got them.
// One that takes its messages in order works on the oldest. Pure.
class HeldJobs {
  public:
    // `begin` is the place of the message's line in the stdin of the process.
    void add(std::uint64_t id, WorkerJob& job, std::uint64_t begin, util::SteadyTime now) {
        if (jobs_.empty()) turn_since_ = now;
        jobs_.emplace_hint(jobs_.end(), id, Held{&job, begin});
        if (first_ == 0) first_ = id;
        last_ = id;
    }

    // The message that is answered; null: there is none of this id.
    WorkerJob* answer(std::uint64_t id, util::SteadyTime now);
    // Whether the process got a message of about this id, which it has answered if it does not
    // hold it.
    bool had(std::uint64_t id) const noexcept { return first_ != 0 && first_ <= id && id <= last_; }

    bool empty() const noexcept { return jobs_.empty(); }
    std::size_t size() const noexcept { return jobs_.size(); }
    // The oldest, and since when it is the oldest: since it came, or since those before it were
    // answered. Not while empty.
    WorkerJob& oldest() const { return *jobs_.begin()->second.job; }
    util::SteadyTime turn_since() const noexcept { return turn_since_; }
    std::vector<WorkerJob*> all() const;

    // At the end of the process, hands out all: those whose line a process that took `taken` bytes
    // of its stdin had at least begun to read, and those that it has never seen.
    struct Parts {
        std::vector<WorkerJob*> seen;
        std::vector<WorkerJob*> unseen;
    };
    Parts part(std::uint64_t taken);

  private:
    struct Held {
        WorkerJob* job;
        std::uint64_t begin;
    };
    std::map<std::uint64_t, Held> jobs_;  // ids grow
    std::uint64_t first_ = 0;             // of the process; 0: none
    std::uint64_t last_ = 0;
    util::SteadyTime turn_since_{};
};

}  // namespace airy::work
