// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>

#include "pool/actions.hpp"
#include "pool/lock.hpp"
#include "util/clock.hpp"

namespace airy::pool {

// The one thread of a pool that watches the time: it sleeps until the earliest time that somebody
// has named, or until a kick, and then has its host look at the time.
class Timekeeper {
  public:
    // The pool. All calls come with the lock held.
    class Host {
      public:
        // Ends everything whose time has come, and names the next time by check_by(). May free the
        // lock meanwhile. On the timekeeper's thread.
        virtual void look(std::unique_lock<Lock>& lock) = 0;
        // Whether nothing is left to see to, so that the thread ends.
        virtual bool over() const noexcept = 0;
        // The thread will run from now on, or has ended, or cannot be started.
        virtual void timekeeper_runs(bool runs) noexcept = 0;

      protected:
        ~Host() = default;
    };

    Timekeeper(Lock& lock, const util::Clock& clock, Host& host) noexcept
        : lock_(lock), clock_(clock), host_(host) {}

    // Without the lock, from any thread. Starts the thread; the one before must have been joined.
    // Throws Error(general) when the system refuses the thread.
    void start();
    // Without the lock. Waits for the end of the thread of this number, and of no later one.
    void join(std::uint64_t number);
    // From any thread, also with the lock. Ends the thread's sleep.
    void kick() noexcept;

    // Under the lock, as all below: has the host look at this time of the pool's clock, or before.
    void check_by(util::SteadyTime at, Actions& actions) noexcept {
        if (at >= next_check_) return;
        next_check_ = at;
        actions.kick = true;
    }
    // Has the host look so much later by the real time, whatever the pool's clock says: for matters
    // of threads, not of tasks. False when an alarm is set already.
    bool set_alarm(std::chrono::nanoseconds after, Actions& actions) noexcept {
        if (alarm_) return false;
        alarm_ = std::chrono::steady_clock::now() + after;
        actions.kick = true;
        return true;
    }
    // Whether the alarm's time has come; it is unset then.
    bool take_alarm() noexcept;

    bool running() const noexcept { return running_; }
    std::uint64_t number() const noexcept { return number_; }  // threads started so far

  private:
    void run();

    Lock& lock_;
    const util::Clock& clock_;
    Host& host_;
    util::SteadyTime next_check_{};
    std::optional<std::chrono::steady_clock::time_point> alarm_;
    bool running_ = false;

    std::mutex join_mutex_;     // taken before the lock
    std::thread thread_;        // guarded by join_mutex_
    std::uint64_t number_ = 0;  // written under join_mutex_ and the lock, read under either
    std::mutex kick_mutex_;
    std::condition_variable kick_changed_;
    bool kicked_ = false;  // guarded by kick_mutex_
};

}  // namespace airy::pool
