// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// The async lane: coroutines on the loop. All but async_submit's first lines and want_loop run on
// the loop's thread.
#include <algorithm>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "pool/lane_executor.hpp"
#include "pool/state.hpp"

namespace airy::pool {

namespace asio = boost::asio;
using asio::awaitable;

// A coroutine that has run a task and waits for the next one: starting one anew costs more.
struct State::ParkedRunner {
    Callable<void(), 24> resume;
    Task* task = nullptr;  // nullptr ends it
};

namespace {

// Suspends the coroutine and leaves its resumption in `resume`.
struct Suspend {
    Callable<void(), 24>* resume;
    template <class Handler>
    void operator()(Handler&& handler) const {
        *resume = std::forward<Handler>(handler);
    }
};

auto suspend(Callable<void(), 24>& resume) {
    return asio::async_initiate<const asio::deferred_t, void()>(Suspend{&resume}, asio::deferred);
}

// A runner's hold on its task; frees it when the loop is destroyed under a suspended coroutine.
struct Held {
    Task* task;
    ~Held() { delete task; }
};

}  // namespace

// A call of the pool on its loop, as a handler. When the loop is destroyed instead, the coroutines
// that only the pool would have resumed are destroyed too.
class State::OnLoop {
  public:
    OnLoop(std::shared_ptr<State> state, void (State::*call)()) noexcept
        : state_(std::move(state)), call_(call) {}
    OnLoop(OnLoop&&) noexcept = default;
    OnLoop& operator=(OnLoop&&) = delete;
    ~OnLoop() {
        if (state_) state_->drop_coroutines();
    }
    void operator()(const boost::system::error_code& error = {}) {
        const auto state = std::move(state_);
        if (!error) (state.get()->*call_)();
    }

  private:
    std::shared_ptr<State> state_;
    void (State::*call_)();
};

// Under the lock.
void State::want_loop(Actions& actions) noexcept {
    if (std::exchange(drain_posted_, true)) return;
    actions.post = true;
}

void State::post_drain() {
    asio::post(loop_, OnLoop(shared_from_this(), &State::drain));
}

void State::post_sweep() {
    asio::post(loop_, OnLoop(shared_from_this(), &State::sweep));
}

// Under the lock: the loop must not run out of work while coroutines run, wait or stand in line in
// the pool.
void State::hold_loop() {
    if (!loop_work_) loop_work_.emplace(loop_.get_executor());
}

void State::let_loop_go() noexcept {
    if (running_async_ == 0 && waiting_async_ == 0 && queued_async_ == 0 && idle_waiters_.empty())
        loop_work_.reset();
}

awaitable<Submitted> State::async_submit(TaskPtr task) {
    const auto self = shared_from_this();
    const auto executor = co_await asio::this_coro::executor;
    const bool own_task = runs_task_of(executor, this);
    Submitter submitter;
    submitter.coroutine = true;
    Actions actions;
    Task* owned = nullptr;
    std::optional<Submitted> answered;
    {
        std::lock_guard lock(lock_);
        answered = offer(task.get(), own_task ? nullptr : &submitter, actions);
        if (answered && *answered != Submitted::accepted) count(OutcomeKind::rejected);
        if (!answered || *answered == Submitted::accepted) owned = task.release();
    }
    perform(actions);
    if (!answered) {
        // The answer cannot come before this coroutine is suspended: it comes on this thread.
        auto suspended = suspend(submitter.resume);
        co_await std::move(suspended);
        answered = static_cast<Submitted>(submitter.answer.load(std::memory_order_relaxed));
    }
    if (*answered != Submitted::accepted) delete owned;
    co_return *answered;
}

awaitable<void> State::async_wait() {
    const auto self = shared_from_this();
    for (;;) {
        IdleWaiter waiter;
        auto suspended = suspend(waiter.resume);
        {
            std::lock_guard lock(lock_);  // one, so that the last end does not come between
            if (idle()) co_return;
            idle_waiters_.push_back(&waiter);
            hold_loop();
        }
        co_await std::move(suspended);
    }
}

void State::drain() {
    budget_ = tasks_a_turn;
    while (take_turn())
        continue;
}

// Does what is there for the loop; false when there was nothing, or the turn's budget is used up,
// so that other work of the loop comes between.
bool State::take_turn() {
    std::array<Task*, 64> batch;
    std::size_t size = 0;
    std::size_t keep_runners = SIZE_MAX;
    Actions actions;
    SubmitterList answers;
    IdleWaiterList idle_waiters;
    const auto now = clock_.steady();
    bool any = false;
    {
        std::lock_guard lock(lock_);
        std::swap(answers, loop_answers_);
        if (idle()) std::swap(idle_waiters, idle_waiters_);
        while (size < batch.size() && budget_ > 0 && !loop_ready_.empty()) {
            Task* task = loop_ready_.pop_front();
            start(task, now, actions);
            batch[size++] = task;
            --budget_;
        }
        any = size > 0 || !answers.empty() || !idle_waiters.empty() || !loop_stops_.empty();
        if (!any) {
            drain_posted_ = actions.post = !loop_ready_.empty();
            if (running_async_ == 0) keep_runners = 0;
            let_loop_go();
        }
    }
    perform(actions);
    stop_tasks();
    while (Submitter* submitter = answers.pop_front())
        std::exchange(submitter->resume, {})();
    while (IdleWaiter* waiter = idle_waiters.pop_front())
        std::exchange(waiter->resume, {})();
    for (std::size_t i = 0; i < size; ++i)
        begin(batch[i]);
    while (runners_.size() > keep_runners)
        resume_runner(nullptr);
    return any;
}

// Fires the tokens of tasks that were asked to stop, and wakes them from sleep_for.
void State::stop_tasks() {
    for (;;) {
        std::optional<std::stop_source> stop;
        std::vector<SleepQueue::Resume> sleeping;
        {
            std::lock_guard lock(lock_);
            Task* task = loop_stops_.pop_front();
            if (!task) return;
            task->stop_queued = false;
            if (task->extras) stop = task->extras->stop;
            while (auto resume = sleeps_.pop_of(*task))
                sleeping.push_back(std::move(resume));
        }
        if (stop) stop->request_stop();
        for (auto& resume : sleeping)
            resume(false);
    }
}

void State::begin(Task* task) {
    if (!runners_.empty()) {
        resume_runner(task);
        return;
    }
    // As co_spawn does, less its two executors and its own frame: 0.5 KB and a third of the time of
    // a task. The pool counts the loop's work itself, and this is the loop's thread already.
    asio::detail::awaitable_handler<asio::any_io_executor, void>(
        run_tasks(shared_from_this(), task), lane_executor(loop_, this), asio::cancellation_slot(),
        asio::cancellation_state())
        .launch();
}

void State::resume_runner(Task* task) {
    ParkedRunner* runner = runners_.back();
    runners_.pop_back();
    runner->task = task;
    std::exchange(runner->resume, {})();
}

// Runs one task after another, parked in between; `self` keeps the state alive.
State::Runner State::run_tasks(std::shared_ptr<State> self, Task* first) {
    Held held{first};
    while (held.task) {
        TaskResult result = TaskResult::failed;
        std::exception_ptr exception;
        try {
            held.task->runner = &held;
            auto coroutine = std::get<AsyncTask>(held.task->work)(held.task->context);
            result = co_await std::move(coroutine);
        } catch (...) {
            exception = std::current_exception();
        }
        held.task = self->complete(std::exchange(held.task, nullptr), result, std::move(exception));
        if (held.task) continue;
        ParkedRunner parked;
        auto suspended = suspend(parked.resume);
        self->runners_.push_back(&parked);
        co_await std::move(suspended);
        held.task = parked.task;
    }
}

// Ends the task; returns the next one for the same coroutine, when there is one within this turn.
Task* State::complete(Task* task, TaskResult result, std::exception_ptr exception) {
    const auto now = clock_.steady();
    const auto kind = settle(task, result, std::move(exception), now);
    Actions actions;
    Task* next = nullptr;
    {
        std::lock_guard lock(lock_);
        end(task, kind, now, actions);
        if (recycle(task)) task = nullptr;
        if (budget_ > 0 && (next = loop_ready_.pop_front())) {
            --budget_;
            start(next, now, actions);
        }
    }
    perform(actions);
    delete task;
    return next;
}

void State::sleep(Task& task, std::chrono::nanoseconds duration, SleepQueue::Resume resume) {
    const bool stopped = task.stop_requested.load(std::memory_order_relaxed);
    sleeps_.add(stopped ? clock_.steady() : later(clock_.steady(), duration), task,
                std::move(resume));
    if (!sweeping_) arm_sleep_timer();
}

// Wakes the coroutines whose sleep is over, then does what came of it.
void State::sweep() {
    bool own_drain;
    {
        std::lock_guard lock(lock_);
        own_drain = !std::exchange(drain_posted_, true);
    }
    sleep_armed_ = false;
    sweeping_ = true;
    budget_ = tasks_a_turn;
    const auto now = clock_.steady();
    // In small groups, fetched from memory ahead: with tens of thousands asleep each is a cache
    // miss.
    std::array<SleepQueue::Due, 8> group;
    for (std::size_t woken = 0; woken < tasks_a_turn;) {
        std::size_t size = 0;
        while (size < group.size() && (group[size] = sleeps_.pop_due(now)).resume) {
            group[size].prefetch();
            ++size;
        }
        for (std::size_t i = 0; i < size; ++i)
            std::exchange(group[i].resume, {})(group[i].in_full);
        woken += size;
        if (size < group.size()) break;
    }
    if (own_drain) drain();
    sweeping_ = false;
    swept_ = now;
    arm_sleep_timer();
}

void State::arm_sleep_timer() {
    const auto next = sleeps_.next();
    if (!next) return;
    const auto at = std::max(*next, swept_ + least_sweep);
    if (sleep_armed_ && sleep_armed_until_ <= at) return;
    sleep_armed_ = true;
    sleep_armed_until_ = at;
    sleep_timer_.expires_after(at - clock_.steady());
    sleep_timer_.async_wait(OnLoop(shared_from_this(), &State::sweep));
}

// Destroys the coroutines that wait for the pool: the loop will not run again.
void State::drop_coroutines() noexcept {
    while (!runners_.empty()) {
        ParkedRunner* runner = runners_.back();
        runners_.pop_back();
        const auto dropped = std::move(runner->resume);
    }
    while (Submitter* submitter = loop_answers_.pop_front()) {
        const auto dropped = std::move(submitter->resume);
    }
    while (IdleWaiter* waiter = idle_waiters_.pop_front()) {
        const auto dropped = std::move(waiter->resume);
    }
    while (auto dropped = sleeps_.pop_any())
        continue;
    while (Task* task = loop_ready_.pop_front()) {
        if (task->stop_queued) loop_stops_.erase(task);
        delete task;
    }
}

}  // namespace airy::pool
