// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

namespace airy::pool {

// Tells the core that this is a spin loop.
inline void relax() noexcept {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

// Waits for a condition about as long as a sleep and a wake-up cost. Returns whether it came true.
// Lets other threads run meanwhile: on a busy machine the thread that will make the condition true
// may need this very core.
template <class Condition>
bool linger(Condition condition) noexcept {
    for (int yields = 0; yields < 16; ++yields) {
        for (int spins = 0; spins < 32; ++spins) {
            if (condition()) return true;
            relax();
        }
        sched_yield();
    }
    return condition();
}

// Sleeps while `word` is `value`; may also return without a reason. Not std::atomic::wait, which
// yields the core some times before it sleeps: beside CPU-bound threads each yield costs a whole
// time slice, whereas a sleeper that is woken runs at once.
inline void futex_wait(const std::atomic<std::uint32_t>& word, std::uint32_t value) noexcept {
    static_assert(sizeof word == sizeof value);
    ::syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, value, nullptr, nullptr, 0);
}

// Wakes one thread that sleeps there. The word itself may be gone already.
inline void futex_wake(const std::atomic<std::uint32_t>& word) noexcept {
    ::syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
}

// Sleeps until the value of `word` is not `value`.
inline void wait_while(const std::atomic<std::uint32_t>& word, std::uint32_t value) noexcept {
    while (word.load(std::memory_order_acquire) == value)
        futex_wait(word, value);
}

// A mutex for sections of some tens of nanoseconds: a thread spins for about a microsecond before
// it sleeps, whereas with std::mutex it sleeps at once. Meets Lockable.
class Lock {
  public:
    void lock() noexcept {
        std::uint32_t expected = free;
        if (!state_.compare_exchange_strong(expected, held, std::memory_order_acquire)) lock_slow();
    }
    bool try_lock() noexcept {
        std::uint32_t expected = free;
        return state_.compare_exchange_strong(expected, held, std::memory_order_acquire);
    }
    void unlock() noexcept {
        if (state_.exchange(free, std::memory_order_release) == contended) futex_wake(state_);
    }

  private:
    static constexpr std::uint32_t free = 0, held = 1, contended = 2;

    void lock_slow() noexcept {
        for (int spins = 0; spins < 64; ++spins) {
            relax();
            std::uint32_t expected = free;
            if (state_.load(std::memory_order_relaxed) == free &&
                state_.compare_exchange_weak(expected, held, std::memory_order_acquire))
                return;
        }
        while (state_.exchange(contended, std::memory_order_acquire) != free)
            futex_wait(state_, contended);
    }

    std::atomic<std::uint32_t> state_{free};
};

}  // namespace airy::pool
