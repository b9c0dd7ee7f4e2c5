// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "pool/pool.hpp"
#include "support/manual_clock.hpp"

namespace airy::test {

using namespace airy::pool;

using namespace std::chrono_literals;

// Waits for the condition, at most 20 s of real time. Returns whether it came true.
template <class Condition>
bool eventually(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(100us);
    }
    return true;
}

// Tasks wait at a gate until the test opens it. For any thread; opening it twice is fine.
class Gate {
  public:
    void open() {
        std::lock_guard lock(mutex_);
        open_ = true;
        changed_.notify_all();
    }
    void wait() {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return open_; });
    }
    bool is_open() {
        std::lock_guard lock(mutex_);
        return open_;
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool open_ = false;
};

// Values in the order in which threads added them.
template <class T>
class Record {
  public:
    void add(T value) {
        std::lock_guard lock(mutex_);
        values_.push_back(std::move(value));
    }
    std::vector<T> values() const {
        std::lock_guard lock(mutex_);
        return values_;
    }
    std::size_t size() const {
        std::lock_guard lock(mutex_);
        return values_.size();
    }

  private:
    mutable std::mutex mutex_;
    std::vector<T> values_;
};

inline Options options(std::size_t size) {
    Options options;
    options.size = size;
    options.on_failure = [](const TaskReport&) {};
    return options;
}

// A coroutine task that sleeps in short naps until the gate is open.
inline boost::asio::awaitable<TaskResult> pass(TaskContext& context, Gate& gate) {
    while (!gate.is_open()) {
        const bool undisturbed = co_await context.sleep_for(1ms);
        if (!undisturbed) co_return TaskResult::cancelled;
    }
    co_return TaskResult::ok;
}

inline boost::asio::awaitable<TaskResult> pass_at_once(TaskContext&) {
    co_return TaskResult::ok;
}

}  // namespace airy::test
