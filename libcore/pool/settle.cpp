// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "pool/settle.hpp"

#include "util/log.hpp"

namespace airy::pool {

namespace {

OutcomeKind kind_of(const Task& task, TaskResult result, bool threw, util::SteadyTime now) {
    if (task.has_deadline && now >= task.deadline) return OutcomeKind::timed_out;
    if (result == TaskResult::ok && !threw) return OutcomeKind::ok;
    if (task.stop_requested.load(std::memory_order_relaxed) || result == TaskResult::cancelled)
        return OutcomeKind::cancelled;
    return threw ? OutcomeKind::threw : OutcomeKind::failed;
}

void report_failure(const Task& task, const Outcome& outcome,
                    const std::function<void(const TaskReport&)>& on_failure) noexcept try {
    const std::string key = task.extras ? task.extras->key_name : std::string();
    if (on_failure) {
        on_failure({task.id, task.lane, key, outcome});
        return;
    }
    using std::chrono::duration;
    util::log_warn("task failed", {{"task", task.id},
                                   {"lane", name(task.lane)},
                                   {"outcome", name(outcome.kind)},
                                   {"key", key},
                                   {"error", describe(outcome.exception)},
                                   {"run_s", duration<double>(outcome.run).count()}});
} catch (...) {
    util::log_error("the pool's failure handler threw",
                    {{"error", describe(std::current_exception())}});
}

}  // namespace

OutcomeKind settle(Task& task, TaskResult result, std::exception_ptr exception,
                   util::SteadyTime now,
                   const std::function<void(const TaskReport&)>& on_failure) noexcept {
    Outcome outcome;
    outcome.kind = kind_of(task, result, exception != nullptr, now);
    outcome.wait = task.started - task.submitted;
    outcome.run = now - task.started;
    outcome.exception = std::move(exception);
    if (outcome.kind != OutcomeKind::ok && outcome.kind != OutcomeKind::cancelled)
        report_failure(task, outcome, on_failure);
    if (task.on_done) report_done(task, outcome);
    task.work = ThreadTask();
    task.on_done.reset();
    if (task.extras) task.extras->on_submit_token.reset();
    return outcome.kind;
}

void report_done(Task& task, const Outcome& outcome) noexcept try {
    task.on_done(outcome);
} catch (...) {
    util::log_error("a task's completion handler threw",
                    {{"error", describe(std::current_exception())}});
}

}  // namespace airy::pool
