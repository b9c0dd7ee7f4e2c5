// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "util/signals.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "util/system_failure.hpp"

namespace airy::util {

namespace {

constexpr std::chrono::milliseconds same_wish{50};
SignalFd* innermost = nullptr;

bool is_ignored(int signal) noexcept {
    struct sigaction action {};
    return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

SignalFd::SignalFd(std::initializer_list<int> more) {
    sigset_t mask;
    sigemptyset(&mask);
    sigaddset(&mask, SIGINT);
    sigaddset(&mask, SIGTERM);
    for (const int signal : more)
        if (signal != SIGHUP || !is_ignored(signal)) sigaddset(&mask, signal);
    fd_.reset(::signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!fd_) throw system_failure("cannot make a signalfd", errno);
    pthread_sigmask(SIG_BLOCK, &mask, &former_);
    outer_ = std::exchange(innermost, this);
}

SignalFd::~SignalFd() {
    innermost = outer_;
    pthread_sigmask(SIG_SETMASK, &former_, nullptr);
}

std::optional<int> SignalFd::take() noexcept {
    signalfd_siginfo info;
    while (::read(fd_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
        const auto signal = static_cast<int>(info.ssi_signo);
        const auto now = std::chrono::steady_clock::now();
        const bool again = signal == last_ && now - last_at_ < same_wish;
        last_ = signal;
        last_at_ = now;
        if (again) continue;
        ++taken_;
        return signal;
    }
    return std::nullopt;
}

// The kernel delivers it once more, since the owner polls `fd`.
void SignalFd::give_back(int signal) noexcept {
    --taken_;
    last_ = 0;
    ::kill(::getpid(), signal);
}

SignalFd* SignalFd::current() noexcept {
    return innermost;
}

void ignore_sigpipe() noexcept {
    ::signal(SIGPIPE, SIG_IGN);
}

void ignore_sigxfsz() noexcept {
    ::signal(SIGXFSZ, SIG_IGN);
}

void default_sigchld() noexcept {
    ::signal(SIGCHLD, SIG_DFL);
}

void default_signals_in_child(posix_spawnattr_t& attributes) {
    sigset_t none;
    sigemptyset(&none);
    sigset_t defaults;
    sigemptyset(&defaults);
    for (const int signal : {SIGPIPE, SIGXFSZ, SIGINT, SIGQUIT, SIGTERM})
        sigaddset(&defaults, signal);
    short flags = 0;
    posix_spawnattr_getflags(&attributes, &flags);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setflags(
        &attributes, static_cast<short>(flags | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF));
}

}  // namespace airy::util
