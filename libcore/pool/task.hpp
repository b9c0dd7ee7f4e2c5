// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <variant>

#include "pool/list.hpp"
#include "pool/pool.hpp"

namespace airy::pool {

struct KeyQueue;
inline constexpr std::uint32_t no_sleep = UINT32_MAX;

// Where a task is. Guarded by the pool's lock.
enum class Place : std::uint8_t {
    nowhere,    // with its submitter, or ended
    key_queue,  // behind a task of its key
    admission,  // next in line for a slot
    ready,      // holds a slot, not picked up by a thread or the loop yet
    running,    // in one of the three lists of running tasks
};

// A submitter that waits for the answer; on its own stack or coroutine frame. Once it has the
// answer nobody touches it any more.
struct Submitter {
    static constexpr std::uint32_t pending = 100, asleep = 101;  // beside the values of Submitted
    std::atomic<std::uint32_t> answer{pending};
    bool coroutine = false;
    bool unwoken = false;         // a thread with its answer that still sleeps, in unwoken_
    Callable<void(), 24> resume;  // of a coroutine; loop thread only
    Task* keyed = nullptr;        // its task, while it is in keyed_line_
    Links<Submitter> links;
};

struct CancelTask {
    State* state;
    Task* task;
    void operator()() const noexcept;
};

using Timers = std::multimap<util::SteadyTime, Task*>;

// What most tasks do not need.
struct Extras {
    KeyQueue* key = nullptr;
    std::string key_name;
    std::optional<util::SteadyTime> submit_deadline;
    std::optional<std::chrono::nanoseconds> timeout;
    std::optional<Timers::iterator> timer;  // of submit_deadline, then of the own timeout
    std::optional<std::stop_callback<CancelTask>> on_submit_token;
    std::optional<std::stop_source> stop;  // made when the task first asks for its token
};

// One task from submission to end. Owned by whoever has it in hand: the submitter, then the list of
// its place, then the thread or coroutine that runs it.
struct Task {
    Task() noexcept : context(*this) {}
    Task(const Task&) = delete;
    Task& operator=(const Task&) = delete;

    Extras& more() {
        if (!extras) extras = std::make_unique<Extras>();
        return *extras;
    }

    // First what each turn of a task touches.
    Links<Task> links;
    State* state = nullptr;
    util::SteadyTime submitted{};
    util::SteadyTime started{};
    util::SteadyTime deadline{};  // valid when has_deadline
    Lane lane = Lane::threads;
    Priority priority = Priority::normal;
    Place place = Place::nowhere;
    bool has_deadline = false;
    bool timed_out = false;  // in overrun_
    bool cancelled = false;  // its token fired before it was offered
    bool stop_queued = false;
    std::atomic<bool> stop_requested{false};
    std::unique_ptr<Extras> extras;
    Callable<void(const Outcome&), 32> on_done;
    std::variant<ThreadTask, AsyncTask> work;
    std::uint32_t first_sleep = no_sleep;  // of its sleeps on the loop; loop thread only
    std::uint64_t id = 0;
    TaskContext context;
    const void* runner = nullptr;  // the coroutine that runs it; loop thread only
    Submitter* submitter = nullptr;
    Links<Task> stop_links;  // in the loop's list of stop requests
};

using TaskPtr = std::unique_ptr<Task>;

// The tasks behind the one task of their key that runs or is next in line for a slot. There is one
// as long as there is such a task.
struct KeyQueue {
    List<Task, &Task::links> tasks;
};

}  // namespace airy::pool
