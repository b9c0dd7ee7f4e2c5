// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

#include "pool/options.hpp"
#include "pool/task.hpp"

namespace airy::pool {

// Tasks that wait for a slot, in three priorities: of seven slots four go to high, two to normal
// and one to low. Within a priority the first to come is the first served.
class PriorityLine {
  public:
    void push(Task& task) noexcept;
    Task* pop() noexcept;  // nullptr when empty
    void erase(Task& task) noexcept;
    bool empty() const noexcept { return size_ == 0; }
    template <class F>
    void for_each(F f) {
        for (auto& queue : queues_)
            pool::for_each(queue, f);
    }

  private:
    std::array<TaskList, 3> queues_;
    std::size_t size_ = 0;
    unsigned turn_ = 0;
};

// The tasks behind the one task of their key that runs or waits for a slot. It exists as long as
// that one task.
struct KeyQueue {
    TaskList tasks;
};

// The slots: which task gets one, which task waits in which order, and which task is queued behind
// another task of its key. It knows nothing of threads, loops and time, and calls nobody. Guarded
// by the pool's lock.
class Admission {
  public:
    explicit Admission(const Options& options);

    // Decides about a submission. `accepted` puts the task into a slot (Place::ready) or behind a
    // task of its key (Place::key_queue). Without an answer the submitter waits until answer().
    // A submitter of nullptr cannot wait.
    std::optional<Submitted> offer(Task& task, Submitter* submitter);
    // Moves the next task in line into a free slot; nullptr when there is no such task or slot.
    // When the task has no submitter, leave_queue() is due.
    Task* admit() noexcept { return running_ < cap_ && !line_.empty() ? admit_next() : nullptr; }
    // The task gives its slot back, and the next task of its key goes into the line.
    void end(Task& task) {
        task.place = Place::nowhere;
        --running_;
        if (task.extras) hand_key_on(task);
    }
    // Takes a task without a slot out of the line or its key's queue. When it has a submitter,
    // answer() is due, else leave_queue().
    void leave(Task& task);
    // The task's submitter waits no longer; returns it.
    Submitter& answer(Task& task) noexcept;
    // An accepted task is queued no longer. Its place goes to the submitter that max_keyed has kept
    // waiting longest: returns that submitter's task, now queued and to be answered, or nullptr.
    Task* leave_queue() noexcept;

    std::size_t cap() const noexcept { return cap_; }
    void set_cap(std::size_t cap) noexcept { cap_ = cap; }
    std::size_t running() const noexcept { return running_; }
    std::size_t free() const noexcept { return cap_ > running_ ? cap_ - running_ : 0; }
    bool half_free() const noexcept { return running_ <= cap_ / 2; }
    std::size_t waiting() const noexcept { return waiting_; }
    std::size_t queued() const noexcept { return queued_; }
    bool idle() const noexcept { return running_ == 0 && queued_ == 0; }

    // Calls f(task) for each task without a slot; f may make that task leave. Tasks behind their
    // key come first, so that none of them gets into the line when the task before it leaves.
    template <class F>
    void for_each_without_slot(F f) {
        for (auto& [name, key] : keys_)
            pool::for_each(key.tasks, f);
        line_.for_each(f);
    }

  private:
    Task* admit_next() noexcept;
    void take_slot(Task& task) noexcept {
        ++running_;
        task.place = Place::ready;
    }
    void hand_key_on(Task& task);

    const std::size_t max_blocking_;
    const std::size_t max_keyed_;
    const bool nonblocking_;
    std::size_t cap_;
    std::size_t running_ = 0;  // slots held
    std::uint64_t next_id_ = 1;
    std::size_t waiting_ = 0;  // submitters
    std::size_t queued_ = 0;   // accepted tasks without a slot, for which no submitter waits
    PriorityLine line_;
    std::unordered_map<std::string, KeyQueue> keys_;
    SubmitterList keyed_line_;  // submitters that max_keyed keeps waiting, first come first
};

}  // namespace airy::pool
