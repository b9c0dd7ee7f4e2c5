// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "pool/timekeeper.hpp"

#include <algorithm>
#include <string>

#include "util/error.hpp"
#include "util/limits.hpp"

namespace airy::pool {

namespace {
constexpr std::chrono::nanoseconds longest_sleep = std::chrono::hours(1);
}

void Timekeeper::start() {
    std::lock_guard lock(join_mutex_);
    {
        std::lock_guard pool_lock(lock_);
        running_ = true;
        next_check_ = util::SteadyTime::max();
        ++number_;
        host_.timekeeper_runs(true);
    }
    try {
        thread_ = util::start_thread([this] { run(); });
    } catch (const Error& error) {
        std::lock_guard pool_lock(lock_);
        running_ = false;
        host_.timekeeper_runs(false);
        throw error.reworded(std::string("the pool's timekeeper: ") + error.what());
    }
}

void Timekeeper::join(std::uint64_t number) {
    std::lock_guard lock(join_mutex_);
    if (number == number_ && thread_.joinable()) thread_.join();
}

void Timekeeper::kick() noexcept {
    {
        std::lock_guard lock(kick_mutex_);
        kicked_ = true;
    }
    kick_changed_.notify_one();
}

bool Timekeeper::take_alarm() noexcept {
    if (!alarm_ || *alarm_ > std::chrono::steady_clock::now()) return false;
    alarm_.reset();
    return true;
}

void Timekeeper::run() {
    std::unique_lock lock(lock_);
    for (;;) {
        next_check_ = util::SteadyTime::max();
        host_.look(lock);
        if (host_.over()) break;
        auto sleep = longest_sleep;
        if (next_check_ != util::SteadyTime::max())
            sleep = std::min<std::chrono::nanoseconds>(sleep, next_check_ - clock_.steady());
        if (alarm_)
            sleep = std::min<std::chrono::nanoseconds>(sleep,
                                                       *alarm_ - std::chrono::steady_clock::now());
        lock.unlock();
        {
            std::unique_lock kick(kick_mutex_);
            kick_changed_.wait_for(kick, sleep, [this] { return kicked_; });
            kicked_ = false;
        }
        lock.lock();
    }
    running_ = false;
    host_.timekeeper_runs(false);
}

}  // namespace airy::pool
