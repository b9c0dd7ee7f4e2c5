// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "pool/sleeps.hpp"

#include <algorithm>

namespace airy::pool {

void SleepQueue::add(util::SteadyTime at, Task& task, Resume resume) {
    std::uint32_t index = free_;
    if (index != no_sleep) {
        free_ = sleepers_[index].next;
    } else {
        index = static_cast<std::uint32_t>(sleepers_.size());
        sleepers_.push_back({});
    }
    Sleeper& sleeper = sleepers_[index];
    sleeper.resume = std::move(resume);
    sleeper.task = &task;
    sleeper.runner = task.runner;
    sleeper.prev = no_sleep;
    sleeper.next = task.first_sleep;
    if (task.first_sleep != no_sleep) sleepers_[task.first_sleep].prev = index;
    task.first_sleep = index;
    ++sleeping_;
    push({at.time_since_epoch().count(), index});
}

SleepQueue::Due SleepQueue::pop_due(util::SteadyTime now) {
    while (!heap_.empty() && heap_.front().at <= now.time_since_epoch().count()) {
        const std::uint32_t index = heap_.front().index;
        pop();
        Due due{std::move(sleepers_[index].resume)};
        if (due.resume) {
            due.task = sleepers_[index].task;
            due.runner = sleepers_[index].runner;
            due.in_full = !sleepers_[index].task->stop_requested.load(std::memory_order_relaxed);
            unlink(index);
            --sleeping_;
        }
        free(index);
        if (due.resume) return due;
    }
    return {};
}

void SleepQueue::Due::prefetch() const noexcept {
    for (std::size_t offset = 0; offset < sizeof(Task); offset += 64)
        __builtin_prefetch(reinterpret_cast<const char*>(task) + offset, 1);
    __builtin_prefetch(runner, 1);
    __builtin_prefetch(static_cast<const char*>(runner) + 64, 1);
    resume.prefetch();
}

SleepQueue::Resume SleepQueue::pop_of(Task& task) {
    const std::uint32_t index = task.first_sleep;
    if (index == no_sleep) return {};
    Resume resume = std::move(sleepers_[index].resume);
    unlink(index);
    --sleeping_;
    if (heap_.size() > 2 * sleeping_ + 64) drop_stopped();
    return resume;
}

SleepQueue::Resume SleepQueue::pop_any() {
    return pop_due(util::SteadyTime::max()).resume;
}

std::optional<util::SteadyTime> SleepQueue::next() const {
    if (heap_.empty()) return std::nullopt;
    return util::SteadyTime(util::SteadyTime::duration(heap_.front().at));
}

void SleepQueue::push(Entry entry) {
    std::size_t hole = heap_.size();
    heap_.push_back(entry);
    while (hole > 0) {
        const std::size_t parent = (hole - 1) / 4;
        if (heap_[parent].at <= entry.at) break;
        heap_[hole] = heap_[parent];
        hole = parent;
    }
    heap_[hole] = entry;
}

void SleepQueue::pop() {
    const Entry last = heap_.back();
    heap_.pop_back();
    if (!heap_.empty()) sift_down(0, last);
}

void SleepQueue::sift_down(std::size_t hole, Entry entry) {
    const std::size_t size = heap_.size();
    for (;;) {
        const std::size_t first = 4 * hole + 1;
        if (first >= size) break;
        std::size_t least = first;
        for (std::size_t child = first + 1; child < std::min(first + 4, size); ++child)
            if (heap_[child].at < heap_[least].at) least = child;
        if (heap_[least].at >= entry.at) break;
        heap_[hole] = heap_[least];
        hole = least;
    }
    heap_[hole] = entry;
}

void SleepQueue::drop_stopped() {
    std::erase_if(heap_, [this](const Entry& entry) {
        if (sleepers_[entry.index].resume) return false;
        free(entry.index);
        return true;
    });
    for (std::size_t i = heap_.size() / 4 + 1; i-- > 0;)
        if (i < heap_.size()) sift_down(i, heap_[i]);
}

void SleepQueue::unlink(std::uint32_t index) noexcept {
    const Sleeper& sleeper = sleepers_[index];
    if (sleeper.next != no_sleep) sleepers_[sleeper.next].prev = sleeper.prev;
    if (sleeper.prev != no_sleep)
        sleepers_[sleeper.prev].next = sleeper.next;
    else
        sleeper.task->first_sleep = sleeper.next;
}

void SleepQueue::free(std::uint32_t index) noexcept {
    sleepers_[index].next = free_;
    free_ = index;
}

}  // namespace airy::pool
