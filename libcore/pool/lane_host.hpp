// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <memory>

#include "pool/actions.hpp"
#include "pool/outcome.hpp"
#include "util/clock.hpp"

namespace airy::pool {

struct Task;

// The pool as its two lanes see it: a lane gets tasks that hold a slot, and tells the pool when
// each of them starts and ends.
class LaneHost {
  public:
    // Under the lock: the lane is about to run the task.
    virtual void start(Task& task, util::SteadyTime now, Actions& actions) = 0;
    // Under the lock: the task has run, its outcome is reported, and it gives its slot back.
    // Returns the task when the lane is to delete it once the lock is free, else nullptr.
    [[nodiscard]] virtual Task* end(Task& task, OutcomeKind kind, util::SteadyTime now,
                                    Actions& actions) = 0;
    // Without the lock: does and clears the actions.
    virtual void perform(Actions& actions) = 0;
    // Under the lock: whether no task holds a slot or is queued behind its key.
    virtual bool idle() const noexcept = 0;
    // Under the lock: whether no further task will come, so that threads without a task end.
    virtual bool winding_down() const noexcept = 0;
    // Keeps the pool alive: for handlers and coroutines on a loop that goes on without it.
    virtual std::shared_ptr<void> keep_alive() = 0;

  protected:
    ~LaneHost() = default;
};

}  // namespace airy::pool
