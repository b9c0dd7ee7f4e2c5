// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "pool/loop_lane.hpp"

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <utility>

#include "pool/deadlines.hpp"
#include "pool/lane_executor.hpp"
#include "pool/settle.hpp"

namespace airy::pool {

namespace asio = boost::asio;

namespace {

constexpr std::size_t tasks_a_turn = 512;
// The least time between two looks at the sleeps, so that one look wakes many. A sleep that is
// alone is not prolonged by it.
constexpr std::chrono::microseconds least_sweep{50};

// A runner's hold on its task: deletes it when the loop is destroyed under a suspended runner.
struct Held {
    Task* task;
    ~Held() { delete task; }
};

}  // namespace

struct LoopLane::ParkedRunner {
    ResumeCoroutine resume;
    Task* task = nullptr;  // the next one to run; nullptr ends the runner
};

// A call of the lane on its loop, as a handler. When the loop is destroyed before the call, the
// handler destroys the coroutines that only the lane would have resumed.
class LoopLane::OnLoop {
  public:
    OnLoop(std::shared_ptr<LoopLane> lane, void (LoopLane::*call)()) noexcept
        : lane_(std::move(lane)), call_(call) {}
    OnLoop(OnLoop&&) noexcept = default;
    OnLoop& operator=(OnLoop&&) = delete;
    ~OnLoop() {
        if (lane_) lane_->drop_coroutines();
    }
    void operator()(const boost::system::error_code& error = {}) {
        const auto lane = std::move(lane_);
        if (!error) (lane.get()->*call_)();
    }

  private:
    std::shared_ptr<LoopLane> lane_;
    void (LoopLane::*call_)();
};

LoopLane::LoopLane(Lock& lock, const Options& options, asio::io_context& loop, LaneHost& host)
    : lock_(lock), options_(options), loop_(loop), host_(host), sleep_timer_(loop) {}

void LoopLane::push(Task& task, Actions& actions) {
    ++work_.running;
    work_.hold(loop_);
    ready_.push_back(task);
    want_turn(actions);
}

void LoopLane::note_end(Task& task) noexcept {
    if (task.stop_queued) take_out(stops_, task);
    --work_.running;
    let_loop_go();
}

void LoopLane::note_queued() {
    ++work_.queued;
    work_.hold(loop_);
}

void LoopLane::note_submitter() {
    ++work_.submitters;
    work_.hold(loop_);
}

void LoopLane::answer(Submitter& submitter, Submitted submitted, Actions& actions) {
    --work_.submitters;
    submitter.answer.store(static_cast<std::uint32_t>(submitted), std::memory_order_relaxed);
    answers_.push_back(submitter);
    want_turn(actions);  // which lets the loop go
}

void LoopLane::wait_for_idle(IdleWaiter& waiter) {
    idle_waiters_.push_back(waiter);
    work_.hold(loop_);
}

void LoopLane::wake_idle_waiters(Actions& actions) noexcept {
    if (!idle_waiters_.empty()) want_turn(actions);
}

void LoopLane::request_stop(Task& task, Actions& actions) noexcept {
    task.stop_queued = true;
    stops_.push_back(task);
    want_turn(actions);
}

void LoopLane::want_turn(Actions& actions) noexcept {
    if (std::exchange(turn_posted_, true)) return;
    actions.post = true;
}

void LoopLane::post_turn() {
    asio::post(loop_, OnLoop(keep_alive(), &LoopLane::drain));
}

void LoopLane::post_sweep() {
    asio::post(loop_, OnLoop(keep_alive(), &LoopLane::sweep));
}

void LoopLane::drain() {
    budget_ = tasks_a_turn;
    while (take_turn())
        continue;
}

// Starts ready tasks, and resumes the coroutines that the lane has an answer for. Returns false
// when there was no such work, or when the turn's budget is used up, so that other work of the loop
// comes between.
bool LoopLane::take_turn() {
    std::array<Task*, 64> batch;
    std::size_t size = 0;
    std::size_t keep_runners = SIZE_MAX;
    Actions actions;
    SubmitterList answers;
    IdleWaiterList idle_waiters;
    const auto now = this->now();
    bool any = false;
    {
        std::lock_guard lock(lock_);
        answers.swap(answers_);
        if (host_.idle()) idle_waiters.swap(idle_waiters_);
        while (size < batch.size() && budget_ > 0 && !ready_.empty()) {
            Task* task = take_front(ready_);
            host_.start(*task, now, actions);
            batch[size++] = task;
            --budget_;
        }
        any = size > 0 || !answers.empty() || !idle_waiters.empty() || !stops_.empty();
        if (!any) {
            turn_posted_ = actions.post = !ready_.empty();
            if (work_.running == 0) keep_runners = 0;
            let_loop_go();
        }
    }
    if (actions.any()) host_.perform(actions);
    stop_tasks();
    while (Submitter* submitter = take_front(answers))
        std::exchange(submitter->resume, {})();
    while (IdleWaiter* waiter = take_front(idle_waiters))
        std::exchange(waiter->resume, {})();
    for (std::size_t i = 0; i < size; ++i)
        begin(*batch[i]);
    while (runners_.size() > keep_runners)
        resume_runner(nullptr);
    return any;
}

// Fires the tokens of tasks that were asked to stop, and wakes their sleeps.
void LoopLane::stop_tasks() {
    for (;;) {
        std::optional<std::stop_source> stop;
        std::vector<SleepQueue::Resume> sleeping;
        {
            std::lock_guard lock(lock_);
            Task* task = take_front(stops_);
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

void LoopLane::begin(Task& task) {
    if (runners_.empty())
        start_root_coroutine(run_tasks(keep_alive(), &task), lane_executor(loop_, &host_));
    else
        resume_runner(&task);
}

void LoopLane::resume_runner(Task* task) {
    ParkedRunner* runner = runners_.back();
    runners_.pop_back();
    runner->task = task;
    std::exchange(runner->resume, {})();
}

// A runner: runs one task after another, and parks in between. `self` keeps the lane alive.
RootCoroutine LoopLane::run_tasks(std::shared_ptr<LoopLane> self, Task* first) {
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
        Task* task = std::exchange(held.task, nullptr);
        held.task = self->complete(*task, result, std::move(exception));
        if (held.task) continue;
        ParkedRunner parked;
        auto suspended = suspend(parked.resume);
        self->runners_.push_back(&parked);
        co_await std::move(suspended);
        held.task = parked.task;
    }
}

// Ends the task. Returns a ready task for the same runner, when there is one and the turn's budget
// allows it, else nullptr.
Task* LoopLane::complete(Task& task, TaskResult result, std::exception_ptr exception) {
    const auto now = this->now();
    const auto kind = settle(task, result, std::move(exception), now, options_.on_failure);
    Actions actions;
    Task* gone = nullptr;
    Task* next = nullptr;
    {
        std::lock_guard lock(lock_);
        gone = host_.end(task, kind, now, actions);
        if (budget_ > 0 && (next = take_front(ready_))) {
            --budget_;
            host_.start(*next, now, actions);
        }
    }
    if (actions.any()) host_.perform(actions);
    delete gone;
    return next;
}

void LoopLane::sleep(Task& task, std::chrono::nanoseconds duration, SleepQueue::Resume resume) {
    const bool stopped = task.stop_requested.load(std::memory_order_relaxed);
    sleeps_.add(stopped ? now() : later(now(), duration), task, std::move(resume));
    if (!sleep_timer_.sweeping) arm_sleep_timer();
}

// Wakes the coroutines whose sleep is over, then makes a turn for the tasks that this let in.
void LoopLane::sweep() {
    bool own_turn;
    {
        std::lock_guard lock(lock_);
        own_turn = !std::exchange(turn_posted_, true);
    }
    sleep_timer_.armed = false;
    sleep_timer_.sweeping = true;
    budget_ = tasks_a_turn;
    const auto now = this->now();
    // In small groups, fetched from memory ahead: with tens of thousands asleep, each of them is a
    // cache miss.
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
    if (own_turn) drain();
    sleep_timer_.sweeping = false;
    sleep_timer_.swept = now;
    arm_sleep_timer();
}

void LoopLane::arm_sleep_timer() {
    const auto next = sleeps_.next();
    if (!next) return;
    const auto at = std::max(*next, sleep_timer_.swept + least_sweep);
    if (sleep_timer_.armed && sleep_timer_.armed_until <= at) return;
    sleep_timer_.armed = true;
    sleep_timer_.armed_until = at;
    sleep_timer_.timer.expires_after(at - now());
    sleep_timer_.timer.async_wait(OnLoop(keep_alive(), &LoopLane::sweep));
}

// Destroys the coroutines that wait for the lane: the loop will not run again.
void LoopLane::drop_coroutines() noexcept {
    while (!runners_.empty()) {
        ParkedRunner* runner = runners_.back();
        runners_.pop_back();
        const auto dropped = std::move(runner->resume);
    }
    while (Submitter* submitter = take_front(answers_)) {
        const auto dropped = std::move(submitter->resume);
    }
    while (IdleWaiter* waiter = take_front(idle_waiters_)) {
        const auto dropped = std::move(waiter->resume);
    }
    while (auto dropped = sleeps_.pop_any())
        continue;
    while (Task* task = take_front(ready_)) {
        if (task->stop_queued) take_out(stops_, *task);
        delete task;
    }
}

}  // namespace airy::pool
