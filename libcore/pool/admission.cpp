// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// Slots: who gets one, who waits, in which order, and how a task ends.
#include <utility>

#include "pool/state.hpp"
#include "util/log.hpp"

namespace airy::pool {

namespace {

thread_local const Inside* innermost = nullptr;

// Ended tasks kept for the next ones. Under ASan none, so that it sees every use after the end.
#if defined(__SANITIZE_ADDRESS__)
constexpr std::size_t max_spares = 0;
#else
constexpr std::size_t max_spares = 4096;
#endif

// Ended tasks that this thread took from a pool, for its next submissions.
struct SpareTasks {
    Task* first = nullptr;
    ~SpareTasks() {
        while (first)
            delete std::exchange(first, first->links.next);
    }
    Task* take() {
        if (!first) return new Task;
        Task* task = std::exchange(first, first->links.next);
        task->links.next = nullptr;
        return task;
    }
};
thread_local SpareTasks spare_tasks;

}  // namespace

Inside::Inside(const State& pool) noexcept : pool_(pool), outer_(innermost) {
    innermost = this;
}

Inside::~Inside() {
    innermost = outer_;
}

bool Inside::of(const State& pool) noexcept {
    for (const Inside* at = innermost; at; at = at->outer_)
        if (&at->pool_ == &pool) return true;
    return false;
}

void Admission::push(Task* task) noexcept {
    queues_[static_cast<std::size_t>(task->priority)].push_back(task);
    ++size_;
}

void Admission::erase(Task* task) noexcept {
    queues_[static_cast<std::size_t>(task->priority)].erase(task);
    --size_;
}

Task* Admission::pop() noexcept {
    if (size_ == 0) return nullptr;
    // Four high, two normal, one low in seven turns; a turn nobody wants goes to the next in line.
    static constexpr std::array<std::uint8_t, 7> order{0, 1, 0, 2, 0, 1, 0};
    --size_;
    const std::size_t wanted = order[turn_ = (turn_ + 1) % order.size()];
    if (Task* task = queues_[wanted].pop_front()) return task;
    for (auto& queue : queues_)
        if (Task* task = queue.pop_front()) return task;
    return nullptr;
}

void CancelTask::operator()() const noexcept {
    state->cancel(task);
}

TaskPtr State::make_task(Lane lane, SubmitOptions&& options) {
    TaskPtr task(spare_tasks.take());
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

// Under the lock. What becomes of a submission: a slot, a place in its key's queue or, when the
// submitter may wait, a place in line, and then nothing is returned.
std::optional<Submitted> State::offer(Task* task, Submitter* submitter, Actions& actions) {
    ++submitted_;
    if (max_spares && !spare_tasks.first) {
        spare_tasks.first = std::exchange(spare_, nullptr);
        spares_ = 0;
    }
    if (task->cancelled) return Submitted::cancelled;
    if (closed_) return Submitted::closed;
    Extras* extras = task->extras.get();
    const bool keyed = extras && !extras->key_name.empty();
    const auto holder = keyed ? keys_.find(extras->key_name) : keys_.end();
    const bool behind = holder != keys_.end();
    const bool full = behind ? queued_ >= options_.max_keyed : running_ >= cap_;
    if (full) {
        if (!submitter || options_.nonblocking) return Submitted::overload;
        if (options_.max_blocking && waiting_ >= options_.max_blocking) return Submitted::overload;
        if (extras && extras->submit_deadline && *extras->submit_deadline <= task->submitted)
            return Submitted::deadline;
    }
    task->id = next_id_++;
    if (keyed) extras->key = behind ? &holder->second : &keys_[extras->key_name];
    if (!full && !behind) {
        grant(task, actions);
        return Submitted::accepted;
    }
    if (full) {
        task->submitter = submitter;
        ++waiting_;
        if (submitter->coroutine) {
            ++waiting_async_;
            hold_loop();
        }
        if (extras && extras->submit_deadline) set_timer(task, *extras->submit_deadline, actions);
    } else {
        enter_queue(task->lane);
    }
    if (behind) {
        if (full) {
            submitter->keyed = task;
            keyed_line_.push_back(submitter);
        }
        task->place = Place::key_queue;
        extras->key->tasks.push_back(task);
    } else {
        task->place = Place::admission;
        admission_.push(task);
    }
    if (full) return std::nullopt;
    return Submitted::accepted;
}

Submitted State::submit(TaskPtr task) {
    Submitter submitter;
    Actions actions;
    Task* owned = nullptr;
    std::unique_lock lock(lock_);
    // Asked only where it can matter: a plain task that finds a slot does not wait.
    const bool may_wait = (running_ < cap_ && !task->extras) || !waiting_would_deadlock();
    auto answered = offer(task.get(), may_wait ? &submitter : nullptr, actions);
    if (answered && *answered != Submitted::accepted) count(OutcomeKind::rejected);
    if (!answered || *answered == Submitted::accepted) owned = task.release();
    lock.unlock();
    perform(actions);
    if (answered) return *answered;
    const auto later = wait_for_answer(submitter);
    if (later != Submitted::accepted) delete owned;
    return later;
}

// Whether this thread, waiting for a slot, would keep one from getting free: it runs one of the
// pool's tasks or a stop callback of one, or it is the loop's.
bool State::waiting_would_deadlock() const {
    return Inside::of(*this) || loop_.get_executor().running_in_this_thread();
}

Submitted State::wait_for_answer(Submitter& submitter) {
    auto& answer = submitter.answer;
    if (short_tasks())
        linger([&] { return answer.load(std::memory_order_acquire) != Submitter::pending; });
    std::uint32_t value = Submitter::pending;
    if (answer.compare_exchange_strong(value, Submitter::asleep, std::memory_order_acq_rel)) {
        wait_while(answer, Submitter::asleep);
        std::lock_guard lock(lock_);  // so that the waker is done with the submitter
        if (submitter.unwoken) unwoken_.erase(&submitter);
    }
    return static_cast<Submitted>(answer.load(std::memory_order_acquire));
}

// Under the lock: the task holds a slot from here on.
void State::grant(Task* task, Actions& actions) {
    ++running_;
    task->place = Place::ready;
    if (task->lane == Lane::threads) {
        ready_.push_back(task);
        note_ready();
        want_worker(task->submitted, actions);
    } else {
        ++running_async_;
        if (loop_waits_) changed_.notify_all();
        hold_loop();
        loop_ready_.push_back(task);
        want_loop(actions);
    }
}

// Under the lock: gives free slots to those in line.
void State::admit(Actions& actions) {
    while (running_ < cap_ && !admission_.empty()) {
        Task* task = admission_.pop();
        if (task->submitter)
            answer(task, Submitted::accepted, actions);
        else
            leave_queue(task->lane, actions);
        grant(task, actions);
    }
}

// Under the lock: accepted, it stands behind another of its key.
void State::enter_queue(Lane lane) {
    ++queued_;
    if (lane == Lane::threads) return;
    ++queued_async_;
    hold_loop();
}

// Under the lock: a queued task is none any more; its place goes to who has waited for one longest.
void State::leave_queue(Lane lane, Actions& actions) {
    --queued_;
    if (lane != Lane::threads) --queued_async_;
    Submitter* next = keyed_line_.front();
    if (!next) return;
    enter_queue(next->keyed->lane);
    answer(next->keyed, Submitted::accepted, actions);
}

// Under the lock: the submitter stops waiting. Unless accepted, the task is the submitter's again,
// and both may be gone when this returns.
void State::answer(Task* task, Submitted submitted, Actions& actions) {
    Submitter& submitter = *std::exchange(task->submitter, nullptr);
    --waiting_;
    if (std::exchange(submitter.keyed, nullptr)) keyed_line_.erase(&submitter);
    if (submitted != Submitted::accepted) count(OutcomeKind::rejected);
    clear_timer(task);
    const auto value = static_cast<std::uint32_t>(submitted);
    if (submitter.coroutine) {
        --waiting_async_;
        submitter.answer.store(value, std::memory_order_relaxed);
        loop_answers_.push_back(&submitter);
        want_loop(actions);
        let_loop_go();
    } else if (submitter.answer.exchange(value, std::memory_order_acq_rel) == Submitter::asleep) {
        // A thread that is woken for each slot of a short task would take the core from the very
        // thread that runs them; so it sleeps until there is more to be had.
        if (submitted == Submitted::accepted && short_tasks()) {
            submitter.unwoken = true;
            unwoken_.push_back(&submitter);
            check_for_stall(stall_check, actions);
        } else {
            futex_wake(submitter.answer);
        }
    }
}

// Under the lock.
void State::wake_answered() noexcept {
    while (Submitter* submitter = unwoken_.pop_front()) {
        submitter->unwoken = false;
        futex_wake(submitter->answer);
    }
}

// Under the lock: takes a task that has no slot yet out of line. Its submitter is to be answered,
// or, when nobody waits for it, it is to be discarded.
void State::leave_line(Task* task) {
    if (task->place == Place::key_queue) {
        task->extras->key->tasks.erase(task);
    } else {
        admission_.erase(task);
        hand_key_on(task);
    }
    task->place = Place::nowhere;
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
            case Place::admission:
                dropped = !task->submitter;
                leave_line(task);
                if (!dropped) answer(task, Submitted::cancelled, actions);
                break;
            case Place::ready:
            case Place::running:
                request_stop(task, stops, actions);
                break;
        }
    }
    if (dropped) discard(task, OutcomeKind::cancelled);
    perform(actions);
    fire(stops);
}

// Without the lock. A task that ends waits for its stop callbacks, so they must not wait for its
// slot.
void State::fire(Stops& stops) const {
    const Inside inside(*this);
    for (auto& stop : stops)
        stop.request_stop();
}

// Under the lock.
void State::start(Task* task, util::SteadyTime now, Actions& actions) {
    task->place = Place::running;
    task->started = now;
    if (task->lane == Lane::threads) last_step_ = now;
    wait_times_.record(now - task->submitted);
    const bool own = task->extras && task->extras->timeout;
    const auto timeout = own ? *task->extras->timeout : options_.task_timeout;
    task->has_deadline = timeout.count() > 0;
    task->deadline = later(now, timeout);
    (own ? own_timeout_ : started_).push_back(task);
    if (!task->has_deadline) return;
    if (own)
        set_timer(task, task->deadline, actions);
    else
        check_by(task->deadline, actions);
}

// Under the lock: the task gives its slot back. Its outcome was reported already.
void State::end(Task* task, OutcomeKind kind, util::SteadyTime now, Actions& actions) {
    const bool own = task->extras && task->extras->timeout;
    (task->timed_out ? overrun_ : own ? own_timeout_ : started_).erase(task);
    task->place = Place::nowhere;
    clear_timer(task);
    if (task->stop_queued) loop_stops_.erase(task);
    count(kind);
    const auto took = now - task->started;
    run_times_.record(took);
    --running_;
    if (task->lane == Lane::threads) {
        last_step_ = now;
        const auto mean = mean_run_ns_.load(std::memory_order_relaxed);
        mean_run_ns_.store(mean + (took.count() - mean) / 8, std::memory_order_relaxed);
    } else {
        --running_async_;
        let_loop_go();
    }
    hand_key_on(task);
    admit(actions);
    if (!unwoken_.empty() && (running_ <= cap_ / 2 || !short_tasks())) wake_answered();
    note_idle(actions);
}

// Under the lock: the next task of the key gets in line.
void State::hand_key_on(Task* task) {
    if (!task->extras || !task->extras->key) return;
    KeyQueue& key = *std::exchange(task->extras->key, nullptr);
    if (Task* next = key.tasks.pop_front()) {
        next->place = Place::admission;
        admission_.push(next);
    } else {
        keys_.erase(task->extras->key_name);
    }
}

// Decides the outcome and reports it; the task's callables are gone afterwards.
OutcomeKind State::settle(Task* task, TaskResult result, std::exception_ptr exception,
                          util::SteadyTime now) noexcept {
    Outcome outcome;
    outcome.wait = task->started - task->submitted;
    outcome.run = now - task->started;
    if (task->has_deadline && now >= task->deadline)
        outcome.kind = OutcomeKind::timed_out;
    else if (result != TaskResult::ok || exception)
        outcome.kind =
            task->stop_requested.load(std::memory_order_relaxed) || result == TaskResult::cancelled
                ? OutcomeKind::cancelled
            : exception ? OutcomeKind::threw
                        : OutcomeKind::failed;
    outcome.exception = std::move(exception);
    if (outcome.kind != OutcomeKind::ok && outcome.kind != OutcomeKind::cancelled)
        report_failure(task, outcome);
    if (task->on_done) report_done(task, outcome);
    forget_callables(task);
    return outcome.kind;
}

void State::report_failure(Task* task, const Outcome& outcome) noexcept try {
    const std::string key = task->extras ? task->extras->key_name : std::string();
    if (options_.on_failure) {
        options_.on_failure({task->id, task->lane, key, outcome});
        return;
    }
    using std::chrono::duration;
    util::log_warn("task failed", {{"task", task->id},
                                   {"lane", name(task->lane)},
                                   {"outcome", name(outcome.kind)},
                                   {"key", key},
                                   {"error", describe(outcome.exception)},
                                   {"run_s", duration<double>(outcome.run).count()}});
} catch (...) {
    util::log_error("the pool's failure handler threw",
                    {{"error", describe(std::current_exception())}});
}

void State::report_done(Task* task, const Outcome& outcome) noexcept try {
    task->on_done(outcome);
} catch (...) {
    util::log_error("a task's completion handler threw",
                    {{"error", describe(std::current_exception())}});
}

// What a task's captures do when they are destroyed is user code: before the task counts as ended,
// and never under the lock.
void State::forget_callables(Task* task) noexcept {
    task->work = ThreadTask();
    task->on_done.reset();
    if (task->extras) task->extras->on_submit_token.reset();
}

// The end of a task that was accepted and will not start; reported before anybody sees it as done.
void State::discard(Task* task, OutcomeKind kind) noexcept {
    if (task->on_done)
        report_done(task, Outcome{kind, nullptr, clock_.steady() - task->submitted, {}});
    const auto lane = task->lane;
    delete task;
    Actions actions;
    {
        std::lock_guard lock(lock_);
        count(kind);
        leave_queue(lane, actions);
        let_loop_go();
        note_idle(actions);
    }
    perform(actions);
}

// Under the lock: keeps the task for a later one; false when it is to be deleted without the lock.
bool State::recycle(Task* task) noexcept {
    if (task->extras || spares_ >= max_spares) return false;
    task->place = Place::nowhere;
    task->timed_out = task->cancelled = task->stop_queued = false;
    task->stop_requested.store(false, std::memory_order_relaxed);
    task->links.next = spare_;
    spare_ = task;
    ++spares_;
    return true;
}

}  // namespace airy::pool
