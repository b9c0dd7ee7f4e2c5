// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "pool/spare_tasks.hpp"

namespace airy::pool {

namespace {

// Under ASan no task is kept, so that ASan sees every use of a task after its end.
#if defined(__SANITIZE_ADDRESS__)
constexpr std::size_t max_spares = 0;
#else
constexpr std::size_t max_spares = 4096;
#endif

void delete_all(TaskList& tasks) noexcept {
    tasks.clear_and_dispose([](Task* task) { delete task; });
}

struct ThreadStore {
    TaskList tasks;
    ~ThreadStore() { delete_all(tasks); }
};
thread_local ThreadStore store;

}  // namespace

SpareTasks::~SpareTasks() {
    delete_all(tasks_);
}

TaskPtr SpareTasks::take() {
    Task* task = take_front(store.tasks);
    return TaskPtr(task ? task : new Task);
}

void SpareTasks::refill() noexcept {
    if (max_spares && store.tasks.empty()) store.tasks.swap(tasks_);
}

bool SpareTasks::keep(Task& task) noexcept {
    if (task.extras || tasks_.size() >= max_spares) return false;
    task.place = Place::nowhere;
    task.timed_out = task.cancelled = task.stop_queued = false;
    task.stop_requested.store(false, std::memory_order_relaxed);
    tasks_.push_front(task);
    return true;
}

}  // namespace airy::pool
