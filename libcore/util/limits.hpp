// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "util/error.hpp"

// The limits that a system sets to a process. Any thread.
namespace airy::util {

// The nearest limit of processes and threads: that of a cgroup which has almost no room left, that
// of the user (ulimit -u), or the system's.
std::string process_limit();

// The limit of open files of this process (ulimit -n).
std::string file_limit();

// The error of a thread that the system refused, with the limit.
Error thread_refused(const std::system_error& error);

// A thread that runs `work`. Throws `thread_refused`.
template <typename Work>
std::thread start_thread(Work work) {
    try {
        return std::thread(std::move(work));
    } catch (const std::system_error& error) {
        throw thread_refused(error);
    }
}

// Resources that are needed at once.
struct Room {
    std::size_t threads = 0;
    std::size_t processes = 0;
    std::size_t descriptors = 0;
};

// Takes these resources and gives them back. Throws Error{general} that begins with `what`, such as
// "cannot run handlers", and names the limit that refuses one.
void require_room(const Room& room, std::string_view what);

}  // namespace airy::util
