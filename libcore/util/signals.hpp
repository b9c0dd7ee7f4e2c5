// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <signal.h>
#include <spawn.h>

#include <chrono>
#include <optional>

#include "util/fd.hpp"

namespace airy::util {

// SIGINT and SIGTERM as a file descriptor to poll. Blocks both in the calling thread, so make it
// before other threads start: they inherit the mask. The destructor gives back the former mask of
// the thread that calls it.
class SignalFd {
  public:
    SignalFd();
    ~SignalFd();
    SignalFd(const SignalFd&) = delete;
    SignalFd& operator=(const SignalFd&) = delete;

    int fd() const noexcept { return fd_.get(); }

    // The next signal that has come, if any; never blocks. The same one again within 50 ms is the
    // same wish: timeout(1) sends its signal to the process and then to its group.
    std::optional<int> take() noexcept;

    // For who waits for something else meanwhile and takes a signal that is its owner's: `fd` is
    // readable again, and the next take returns it.
    void give_back(int signal) noexcept;

    // How many were taken and not given back, and the last of them.
    int taken() const noexcept { return taken_; }
    int last() const noexcept { return last_; }

    // The one that is alive, made last; nullptr: none. The thread that makes them only.
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

// Makes the end of a child known to waitpid(2): an ignored SIGCHLD, which a process inherits, would
// leave nothing to wait for. For a program that starts children, before it does.
void default_sigchld() noexcept;

// Makes a child begin with no signal blocked, and SIGPIPE, SIGINT and SIGTERM at their defaults,
// whatever this process does with them. Adds its flags to those that `attributes` has.
void default_signals_in_child(posix_spawnattr_t& attributes);

}  // namespace airy::util
