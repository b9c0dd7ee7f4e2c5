// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// A task's way through the pool, from its submission to its end.
#include "pool/state.hpp"

#include <boost/asio/this_coro.hpp>
#include <utility>

#include "pool/inside.hpp"
#include "pool/lane_executor.hpp"
#include "pool/settle.hpp"

namespace airy::pool {

State::State(Options options, boost::asio::io_context& loop)
    : options_(std::move(options)),
      clock_(*options_.clock),
      loop_(loop),
      admission_(options_),
      deadlines_(options_.task_timeout),
      timekeeper_(lock_, clock_, *this),
      thread_lane_(lock_, options_, timekeeper_, *this),
      loop_lane_(lock_, options_, loop, *this) {}

void CancelTask::operator()() const noexcept {
    state->cancel(task);
}

TaskPtr State::make_task(Lane lane, SubmitOptions&& options) {
    TaskPtr task = SpareTasks::take();
    task->state = this;
    task->lane = lane;
    task->priority = options.priority;
    task->on_done = std::move(options.on_done);
    if (!options.key.empty()) task->more().key_name = std::move(options.key);
    if (options.deadline) task->more().submit_deadline = options.deadline;
    if (options.timeout) task->more().timeout = options.timeout;
    if (options.stop_token.stop_possible())
        task->more().on_submit_token.emplace(std::move(options.stop_token),
                                             CancelTask{this, task.get()});
    task->submitted = clock_.steady();
    return task;
}

// Under the lock: decides about a submission; nothing is returned when the submitter waits.
std::optional<Submitted> State::offer(Task& task, Submitter* submitter, Actions& actions) {
    tally_.note_submission();
    spares_.refill();
    const auto answered = task.cancelled ? Submitted::cancelled
                          : closed_      ? Submitted::closed
                                         : admission_.offer(task, submitter);
    if (!answered) {
        if (submitter->coroutine) loop_lane_.note_submitter();
        if (task.extras && task.extras->submit_deadline) {
            deadlines_.set_timer(task, *task.extras->submit_deadline);
            timekeeper_.check_by(*task.extras->submit_deadline, actions);
        }
    } else if (*answered != Submitted::accepted) {
        tally_.count(OutcomeKind::rejected);
    } else if (task.place == Place::ready) {
        run_in_lane(task, actions);
    } else {
        note_queued(task.lane);
    }
    return answered;
}

Submitted State::submit(TaskPtr task) {
    Submitter submitter;
    Actions actions;
    Task* owned = nullptr;
    std::unique_lock lock(lock_);
    // Asked only where it can matter: a plain task that finds a slot does not wait.
    const bool may_wait = (admission_.free() > 0 && !task->extras) || !waiting_would_deadlock();
    const auto answered = offer(*task, may_wait ? &submitter : nullptr, actions);
    if (!answered || *answered == Submitted::accepted) owned = task.release();
    lock.unlock();
    if (actions.any()) perform(actions);
    if (answered) return *answered;
    const auto later = thread_lane_.wait_for_answer(submitter);
    if (later != Submitted::accepted) delete owned;
    return later;
}

boost::asio::awaitable<Submitted> State::async_submit(TaskPtr task) {
    const auto self = shared_from_this();
    const auto executor = co_await boost::asio::this_coro::executor;
    const bool own_task = runs_task_of(executor, this);
    Submitter submitter;
    submitter.coroutine = true;
    Actions actions;
    Task* owned = nullptr;
    std::optional<Submitted> answered;
    {
        std::lock_guard lock(lock_);
        answered = offer(*task, own_task ? nullptr : &submitter, actions);
        if (!answered || *answered == Submitted::accepted) owned = task.release();
    }
    if (actions.any()) perform(actions);
    if (!answered) {
        // The answer cannot come before this coroutine is suspended: it comes on this thread.
        auto suspended = suspend(submitter.resume);
        co_await std::move(suspended);
        answered = static_cast<Submitted>(submitter.answer.load(std::memory_order_relaxed));
    }
    if (*answered != Submitted::accepted) delete owned;
    co_return *answered;
}

// Whether this thread, waiting for a slot, would keep one from getting free: it runs one of the
// pool's tasks or a stop callback of one, or it is the loop's.
bool State::waiting_would_deadlock() const {
    return Inside::of(*this) || loop_.get_executor().running_in_this_thread();
}

// Under the lock: the task has a slot.
void State::run_in_lane(Task& task, Actions& actions) {
    if (task.lane == Lane::threads) {
        thread_lane_.push(task, actions);
    } else {
        if (waits_.on_loop) waits_.changed.notify_all();
        loop_lane_.push(task, actions);
    }
}

// Under the lock: gives free slots to the tasks in line.
void State::admit(Actions& actions) {
    while (Task* task = admission_.admit()) {
        if (task->submitter)
            answer(*task, Submitted::accepted, actions);
        else
            leave_queue(task->lane, actions);
        run_in_lane(*task, actions);
    }
}

// Under the lock: an accepted task stands behind another of its key.
void State::note_queued(Lane lane) {
    if (lane == Lane::async) loop_lane_.note_queued();
}

// Under the lock: a queued task is queued no longer, and its place goes to a waiting submitter.
void State::leave_queue(Lane lane, Actions& actions) {
    if (lane == Lane::async) loop_lane_.note_unqueued();
    Task* next = admission_.leave_queue();
    if (!next) return;
    note_queued(next->lane);
    answer(*next, Submitted::accepted, actions);
}

// Under the lock: the submitter stops waiting. Unless accepted, the task is the submitter's again,
// and both may be gone when this returns.
void State::answer(Task& task, Submitted submitted, Actions& actions) {
    Submitter& submitter = admission_.answer(task);
    if (submitted != Submitted::accepted) tally_.count(OutcomeKind::rejected);
    deadlines_.clear_timer(task);
    if (submitter.coroutine)
        loop_lane_.answer(submitter, submitted, actions);
    else
        thread_lane_.answer(submitter, submitted, actions);
}

// From the submitter's stop token, on the thread that stops.
void State::cancel(Task* task) noexcept {
    Actions actions;
    Stops stops;
    bool dropped = false;
    {
        std::lock_guard lock(lock_);
        switch (task->place) {
            case Place::nowhere:
                task->cancelled = true;
                break;
            case Place::key_queue:
            case Place::line:
                dropped = !task->submitter;
                admission_.leave(*task);
                if (!dropped) answer(*task, Submitted::cancelled, actions);
                break;
            case Place::ready:
            case Place::running:
                request_stop(*task, stops, actions);
                break;
        }
    }
    if (dropped) discard(task, OutcomeKind::cancelled);
    perform(actions);
    fire(stops);
}

// Under the lock. A callable's token is added to `stops`, to be fired when the lock is free; a
// coroutine's token fires on the loop.
void State::request_stop(Task& task, Stops& stops, Actions& actions) {
    if (task.stop_requested.exchange(true, std::memory_order_relaxed)) return;
    if (task.lane == Lane::async)
        loop_lane_.request_stop(task, actions);
    else if (task.extras && task.extras->stop)
        stops.push_back(*task.extras->stop);
}

// Without the lock. A task that ends waits for its stop callbacks, so these must not wait for its
// slot.
void State::fire(Stops& stops) const {
    const Inside inside(*this);
    for (auto& stop : stops)
        stop.request_stop();
}

void State::start(Task& task, util::SteadyTime now, Actions& actions) {
    tally_.note_start(now - task.submitted);
    timekeeper_.check_by(deadlines_.start(task, now), actions);
}

Task* State::end(Task& task, OutcomeKind kind, util::SteadyTime now, Actions& actions) {
    const auto ran = now - task.started;
    deadlines_.end(task);
    tally_.note_end(kind, ran);
    if (task.lane == Lane::threads)
        thread_lane_.note_end(now, ran);
    else
        loop_lane_.note_end(task);
    admission_.end(task);
    admit(actions);
    if (thread_lane_.has_unwoken() && (admission_.half_free() || !thread_lane_.short_tasks()))
        thread_lane_.wake_answered();
    note_idle(actions);
    return spares_.keep(task) ? nullptr : &task;
}

// The end of a task that was accepted and will not start. It is reported before the pool counts it
// as ended.
void State::discard(Task* task, OutcomeKind kind) noexcept {
    if (task->on_done)
        report_done(*task, Outcome{kind, nullptr, clock_.steady() - task->submitted, {}});
    const auto lane = task->lane;
    delete task;
    Actions actions;
    {
        std::lock_guard lock(lock_);
        tally_.count(kind);
        leave_queue(lane, actions);
        loop_lane_.let_loop_go();
        note_idle(actions);
    }
    perform(actions);
}

// Without the lock.
void State::perform(Actions& actions) {
    if (actions.for_threads()) thread_lane_.perform(actions);
    if (std::exchange(actions.post, false)) loop_lane_.post_turn();
    if (std::exchange(actions.kick, false)) timekeeper_.kick();
}

// On the timekeeper's thread: ends the tasks, submitters and threads whose time has come.
void State::look(std::unique_lock<Lock>& lock) {
    const auto now = clock_.steady();
    Actions actions;
    Stops stops;
    while (Task* task = deadlines_.pop_due(now)) {
        if (task->place == Place::running) {
            request_stop(*task, stops, actions);
        } else {
            admission_.leave(*task);
            answer(*task, Submitted::deadline, actions);
        }
    }
    timekeeper_.check_by(deadlines_.next(), actions);
    if (timekeeper_.take_alarm()) thread_lane_.check_stall(now, actions);
    thread_lane_.end_idle(now, actions);
    actions.kick = false;  // this thread is the one to be kicked
    if (actions.any() || !stops.empty()) {
        lock.unlock();
        perform(actions);
        fire(stops);
        lock.lock();
    }
    thread_lane_.join_ended(lock);
}

std::stop_token State::stop_token(Task& task) {
    std::lock_guard lock(lock_);
    auto& stop = task.more().stop;
    if (!stop) {
        stop.emplace();
        if (task.stop_requested.load(std::memory_order_relaxed)) stop->request_stop();
    }
    return stop->get_token();
}

}  // namespace airy::pool
