// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <variant>

#include "pool/links.hpp"
#include "pool/pool.hpp"
#include "pool/suspend.hpp"

namespace airy::pool {

struct KeyQueue;
inline constexpr std::uint32_t no_sleep = UINT32_MAX;

// Where a task is. Guarded by the pool's lock.
enum class Place : std::uint8_t {
    nowhere,    // with its submitter, or ended
    key_queue,  // behind a task of its key
    line,       // waits for a slot
    ready,      // holds a slot; no thread and no turn of the loop has picked it up yet
    running,    // in one of the lists of Deadlines
};

// A submitter that waits for the answer. It lives on the submitting thread's stack or in the
// submitting coroutine's frame; nobody touches it after it has the answer.
struct Submitter {
    static constexpr std::uint32_t pending = 100, asleep = 101;  // beside the values of Submitted
    std::atomic<std::uint32_t> answer{pending};
    bool coroutine = false;
    bool unwoken = false;    // a thread that has its answer, and still sleeps
    ResumeCoroutine resume;  // of a coroutine; loop thread only
    Task* keyed = nullptr;   // its task, while max_keyed keeps the submitter waiting
    Links links;
};
using SubmitterList = List<Submitter, &Submitter::links>;

struct CancelTask {
    State* state;
    Task* task;
    void operator()() const noexcept;
};

using Timers = std::multimap<util::SteadyTime, Task*>;

// Members that most tasks do not need.
struct Extras {
    KeyQueue* key = nullptr;
    std::string key_name;
    std::optional<util::SteadyTime> submit_deadline;
    std::optional<std::chrono::nanoseconds> timeout;
    std::optional<Timers::iterator> timer;  // of submit_deadline, then of the task's own timeout
    std::optional<std::stop_callback<CancelTask>> on_submit_token;
    std::optional<std::stop_source> stop;  // made when the task first asks for its token
};

// One task from submission to end. Its owner is the submitter, then the list of its place, then the
// thread or coroutine that runs it.
struct Task {
    Task() noexcept : context(*this) {}
    Task(const Task&) = delete;
    Task& operator=(const Task&) = delete;

    Extras& more() {
        if (!extras) extras = std::make_unique<Extras>();
        return *extras;
    }
    bool has_own_timeout() const noexcept { return extras && extras->timeout; }

    // The members that each turn of a task touches come first.
    Links links;
    State* state = nullptr;
    util::SteadyTime submitted{};
    util::SteadyTime started{};
    util::SteadyTime deadline{};  // valid when has_deadline
    Lane lane = Lane::threads;
    Priority priority = Priority::normal;
    Place place = Place::nowhere;
    bool has_deadline = false;
    bool timed_out = false;    // runs past its deadline
    bool cancelled = false;    // its token fired before it was offered
    bool stop_queued = false;  // in the loop's list of stop requests
    std::atomic<bool> stop_requested{false};
    std::unique_ptr<Extras> extras;
    Callable<void(const Outcome&), 32> on_done;
    std::variant<ThreadTask, AsyncTask> work;
    std::uint32_t first_sleep = no_sleep;  // of its sleeps on the loop; loop thread only
    std::uint64_t id = 0;
    TaskContext context;
    const void* runner = nullptr;    // the coroutine that runs it; loop thread only
    Submitter* submitter = nullptr;  // waits for the answer
    Links stop_links;                // in the loop's list of stop requests
    Task* next_spare = nullptr;      // after its end, in SpareTasks
};

using TaskPtr = std::unique_ptr<Task>;
using TaskList = List<Task, &Task::links>;
using CountedTaskList = CountedList<Task, &Task::links>;
using StopList = List<Task, &Task::stop_links>;

}  // namespace airy::pool
