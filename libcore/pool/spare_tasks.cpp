// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "pool/spare_tasks.hpp"

#include <utility>

namespace airy::pool {

namespace {

// Under ASan no task is kept, so that ASan sees every use of a task after its end.
#if defined(__SANITIZE_ADDRESS__)
constexpr std::size_t max_spares = 0;
#else
constexpr std::size_t max_spares = 4096;
#endif

// Of this thread.
struct Store {
    Task* first = nullptr;  // chained by next_spare
    ~Store() {
        while (first)
            delete std::exchange(first, first->next_spare);
    }
};
thread_local Store store;

}  // namespace

SpareTasks::~SpareTasks() {
    while (first_)
        delete std::exchange(first_, first_->next_spare);
}

TaskPtr SpareTasks::take() {
    if (!store.first) return std::make_unique<Task>();
    TaskPtr task(store.first);
    store.first = std::exchange(task->next_spare, nullptr);
    return task;
}

void SpareTasks::fill_store() noexcept {
    if (store.first) return;
    store.first = std::exchange(first_, nullptr);
    size_ = 0;
}

bool SpareTasks::keep(Task& task) noexcept {
    if (task.extras || size_ >= max_spares) return false;
    task.place = Place::nowhere;
    task.timed_out = task.cancelled = task.stop_queued = false;
    task.stop_requested.store(false, std::memory_order_relaxed);
    task.next_spare = std::exchange(first_, &task);
    ++size_;
    return true;
}

}  // namespace airy::pool
