// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <spawn.h>

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "util/fd.hpp"
#include "work/command.hpp"

namespace airy::work {

// A started process, as far as its start got: `error` is 0 or an errno, `pid` is 0 when there is no
// process. With a pid and an error the process runs, and only watching it failed.
struct Spawned {
    int error = 0;
    int pid = 0;
    util::Fd pidfd;
    util::Fd out;  // read ends of its stdout and stderr, not blocking
    util::Fd err;
    util::Fd in;  // write end of its stdin, not blocking; only where that is a pipe
};

// Whether a start that failed with this errno may succeed later.
bool is_shortage(int error) noexcept;

// Starts one command again and again, each in a process group of its own. Starting blocks until
// the new process has called exec, so it does not belong on the loop. Thread-safe.
class Spawner {
  public:
    // `environment` is everything that each process inherits, NAME=value. Throws Error{general}
    // when the system cannot watch processes by pidfd.
    Spawner(Command command, std::vector<std::string> environment);
    ~Spawner();
    Spawner(const Spawner&) = delete;
    Spawner& operator=(const Spawner&) = delete;

    // `environment` is this process's, beside the inherited one. The bytes are its stdin, as a
    // file.
    Spawned spawn(std::string_view stdin_bytes, std::span<const std::string> environment) const;

    // The same, with a pipe as its stdin.
    Spawned spawn_with_pipe(std::span<const std::string> environment) const;

    // Opens the pidfd where `spawn` could not; leaves the errno in `error`.
    static void watch(Spawned& spawned);

  private:
    void spawn_reading(int in, std::span<const std::string> environment, Spawned& spawned) const;
    int start(int in, int out, int err, std::span<const std::string> environment, int& pid) const;

    Command command_;
    std::vector<char*> argv_;
    std::vector<std::string> environment_;
    posix_spawnattr_t attributes_;
    util::Fd empty_stdin_;
};

}  // namespace airy::work
