// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// For LD_PRELOAD: a wall clock that the test moves while the program runs, and a monotonic clock
// that does not, as when an operator or NTP sets the time.
//
// $AIRY_CLOCK_STEP names a file that begins with the seconds to be added, in decimal, and has at
// least 16 bytes. The file is mapped, so that writing into it moves the clock at once. The kernel
// would shorten or prolong a wait until a time of the wall clock; this library cannot imitate that,
// so it writes such a wait to $AIRY_CLOCK_STEP.waits for the test.
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

namespace {

const char* step_file() {
    static const char* const path = std::getenv("AIRY_CLOCK_STEP");
    return path;
}

const char* mapped() {
    static const char* const text = []() -> const char* {
        if (step_file() == nullptr) return nullptr;
        const int fd = ::open(step_file(), O_RDONLY | O_CLOEXEC);
        void* memory = ::mmap(nullptr, 16, PROT_READ, MAP_SHARED, fd, 0);
        if (memory == MAP_FAILED) std::abort();  // a test without a step would prove nothing
        ::close(fd);
        return static_cast<const char*>(memory);
    }();
    return text;
}

time_t step() {
    const char* text = mapped();
    return text != nullptr ? std::strtol(text, nullptr, 10) : 0;
}

void tell(const char* what) {
    if (step_file() == nullptr) return;
    const int fd = ::open((std::string(step_file()) + ".waits").c_str(),
                          O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) return;
    const auto line = std::string(what) + "\n";
    if (::write(fd, line.data(), line.size()) < 0) std::abort();
    ::close(fd);
}

// The test knows by the file of waits that this library was loaded.
[[gnu::constructor]] void begin() {
    if (step_file() == nullptr) return;
    const int fd =
        ::open((std::string(step_file()) + ".waits").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) std::abort();
    ::close(fd);
}

template <typename Function>
Function* next(const char* name) {
    return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

bool follows_steps(clockid_t clock) {
    return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI;
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* now) noexcept {
    static auto* const real = next<int(clockid_t, timespec*)>("clock_gettime");
    const int result = real(clock, now);
    if (result == 0 && follows_steps(clock)) now->tv_sec += step();
    return result;
}

int gettimeofday(timeval* now, void* zone) noexcept {
    static auto* const real = next<int(timeval*, void*)>("gettimeofday");
    const int result = real(now, zone);
    if (result == 0) now->tv_sec += step();
    return result;
}

time_t time(time_t* out) noexcept {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    if (out != nullptr) *out = now.tv_sec;
    return now.tv_sec;
}

int timerfd_create(clockid_t clock, int flags) noexcept {
    static auto* const real = next<int(clockid_t, int)>("timerfd_create");
    if (follows_steps(clock)) tell("timerfd_create");
    return real(clock, flags);
}

int clock_nanosleep(clockid_t clock, int flags, const timespec* until, timespec* left) {
    static auto* const real =
        next<int(clockid_t, int, const timespec*, timespec*)>("clock_nanosleep");
    if (follows_steps(clock) && (flags & TIMER_ABSTIME) != 0) tell("clock_nanosleep");
    return real(clock, flags, until, left);
}

int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex,
                           const timespec* until) {
    static auto* const real =
        next<int(pthread_cond_t*, pthread_mutex_t*, const timespec*)>("pthread_cond_timedwait");
    tell("pthread_cond_timedwait");
    return real(condition, mutex, until);
}

int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock,
                           const timespec* until) {
    static auto* const real =
        next<int(pthread_cond_t*, pthread_mutex_t*, clockid_t, const timespec*)>(
            "pthread_cond_clockwait");
    if (follows_steps(clock)) tell("pthread_cond_clockwait");
    return real(condition, mutex, clock, until);
}

int pthread_mutex_timedlock(pthread_mutex_t* mutex, const timespec* until) noexcept {
    static auto* const real =
        next<int(pthread_mutex_t*, const timespec*)>("pthread_mutex_timedlock");
    tell("pthread_mutex_timedlock");
    return real(mutex, until);
}

int sem_timedwait(sem_t* semaphore, const timespec* until) {
    static auto* const real = next<int(sem_t*, const timespec*)>("sem_timedwait");
    tell("sem_timedwait");
    return real(semaphore, until);
}

}  // extern "C"
