// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <signal.h>
#include <spawn.h>

#include <chrono>
#include <initializer_list>
#include <optional>

#include "util/fd.hpp"

namespace airy::util {

// SIGINT, SIGTERM and `more` as a file descriptor to poll. Blocks them in the calling thread, so
// make it before other threads start: they inherit the mask. The destructor gives back the former
// mask of the thread that calls it. A SIGHUP that this process ignores (nohup) stays ignored.
class SignalFd {
  public:
    explicit SignalFd(std::initializer_list<int> more = {});
    ~SignalFd();
    SignalFd(const SignalFd&) = delete;
    SignalFd& operator=(const SignalFd&) = delete;

    int fd() const noexcept { return fd_.get(); }

    // The next signal that has come, if any; never blocks. The same signal again within 50 ms
    // counts once: timeout(1) sends its signal to the process and then to its group.
    std::optional<int> take() noexcept;

    // Gives back a signal that was taken by a part of the program that does not own it: `fd` is
    // readable again, and the next take returns the signal.
    void give_back(int signal) noexcept;

    // The number of signals taken and not given back, and the last of them.
    int taken() const noexcept { return taken_; }
    int last() const noexcept { return last_; }

    // The newest SignalFd alive; nullptr: none. Only on the thread that makes them.
    static SignalFd* current() noexcept;

  private:
    Fd fd_;
    sigset_t former_;
    SignalFd* outer_;  // was the current one before
    int taken_ = 0;
    int last_ = 0;
    std::chrono::steady_clock::time_point last_at_{};
};

// Writing to a closed pipe or socket then fails with EPIPE instead of ending the process.
void ignore_sigpipe() noexcept;

// Writing past the limit of a file's size (ulimit -f) then fails with EFBIG instead of ending the
// process.
void ignore_sigxfsz() noexcept;

// Lets waitpid(2) see the end of a child: with SIGCHLD ignored, which a process may inherit, the
// kernel reaps children itself. Call before the program starts children.
void default_sigchld() noexcept;

// Makes a child begin with no signal blocked, and SIGPIPE, SIGXFSZ, SIGINT, SIGQUIT and SIGTERM at
// their defaults, whatever this process does with these signals. Adds to the flags of `attributes`.
void default_signals_in_child(posix_spawnattr_t& attributes);

}  // namespace airy::util
