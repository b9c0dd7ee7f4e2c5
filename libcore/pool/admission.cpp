// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "pool/admission.hpp"

#include <utility>

namespace airy::pool {

void PriorityLine::push(Task& task) noexcept {
    queues_[static_cast<std::size_t>(task.priority)].push_back(task);
    ++size_;
}

void PriorityLine::erase(Task& task) noexcept {
    take_out(queues_[static_cast<std::size_t>(task.priority)], task);
    --size_;
}

Task* PriorityLine::pop() noexcept {
    if (size_ == 0) return nullptr;
    // When no task has the priority whose turn it is, the highest priority has the turn.
    static constexpr std::array<std::uint8_t, 7> order{0, 1, 0, 2, 0, 1, 0};
    --size_;
    const std::size_t wanted = order[turn_ = (turn_ + 1) % order.size()];
    if (Task* task = take_front(queues_[wanted])) return task;
    for (auto& queue : queues_)
        if (Task* task = take_front(queue)) return task;
    return nullptr;
}

Admission::Admission(const Options& options)
    : max_blocking_(options.max_blocking),
      max_keyed_(options.max_keyed),
      nonblocking_(options.nonblocking),
      cap_(options.size) {}

std::optional<Submitted> Admission::offer(Task& task, Submitter* submitter) {
    Extras* extras = task.extras.get();
    const bool keyed = extras && !extras->key_name.empty();
    const auto holder = keyed ? keys_.find(extras->key_name) : keys_.end();
    const bool behind = holder != keys_.end();
    const bool full = behind ? queued_ >= max_keyed_ : running_ >= cap_;
    if (full) {
        if (!submitter || nonblocking_) return Submitted::overload;
        if (max_blocking_ && waiting_ >= max_blocking_) return Submitted::overload;
        if (extras && extras->submit_deadline && *extras->submit_deadline <= task.submitted)
            return Submitted::deadline;
    }
    task.id = next_id_++;
    if (keyed) extras->key = behind ? &holder->second : &keys_[extras->key_name];
    if (!full && !behind) {
        take_slot(task);
        return Submitted::accepted;
    }
    if (full) {
        task.submitter = submitter;
        ++waiting_;
    } else {
        ++queued_;
    }
    if (behind) {
        if (full) {
            submitter->keyed = &task;
            keyed_line_.push_back(*submitter);
        }
        task.place = Place::key_queue;
        extras->key->tasks.push_back(task);
    } else {
        task.place = Place::line;
        line_.push(task);
    }
    if (full) return std::nullopt;
    return Submitted::accepted;
}

Task* Admission::admit_next() noexcept {
    Task* task = line_.pop();
    take_slot(*task);
    return task;
}

void Admission::leave(Task& task) {
    if (task.place == Place::key_queue) {
        take_out(task.extras->key->tasks, task);
    } else {
        line_.erase(task);
        hand_key_on(task);
    }
    task.place = Place::nowhere;
}

Submitter& Admission::answer(Task& task) noexcept {
    Submitter& submitter = *std::exchange(task.submitter, nullptr);
    --waiting_;
    if (std::exchange(submitter.keyed, nullptr)) take_out(keyed_line_, submitter);
    return submitter;
}

Task* Admission::leave_queue() noexcept {
    --queued_;
    if (keyed_line_.empty()) return nullptr;
    ++queued_;
    return keyed_line_.front().keyed;
}

// The next task of the key gets into the line.
void Admission::hand_key_on(Task& task) {
    if (!task.extras || !task.extras->key) return;
    KeyQueue& key = *std::exchange(task.extras->key, nullptr);
    if (Task* next = take_front(key.tasks)) {
        next->place = Place::line;
        line_.push(*next);
    } else {
        keys_.erase(task.extras->key_name);
    }
}

}  // namespace airy::pool
