// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "util/fd.hpp"

namespace airy::mq::embedded {

// The named pipe of a session. Other processes see by it that the session lives, and wake the
// session through it. The kernel closes the pipe when the process ends, and then tells every
// process that holds the write end (poll: POLLERR). One thread.
class Beacon {
  public:
    // Makes the pipe `directory`/`name`, which must not exist yet. Throws Error{unreachable}.
    Beacon(const std::string& directory, const std::string& name);
    ~Beacon();  // removes the pipe
    Beacon(const Beacon&) = delete;
    Beacon& operator=(const Beacon&) = delete;

    int fd() const noexcept { return fd_.get(); }  // readable after a wake-up
    void clear() noexcept;

  private:
    std::string path_;
    util::Fd fd_;
};

// Wakes the session that holds the beacon. False when no session holds it; any other failure counts
// as alive.
bool wake_beacon(const std::string& directory, const std::string& name) noexcept;

// The write end of a beacon, to poll for POLLERR. An empty Fd when no session holds the beacon, or
// (with `alive` set) when the pipe cannot be watched.
util::Fd watch_beacon(const std::string& directory, const std::string& name, bool& alive) noexcept;

// Removes the pipe of a session that died.
void remove_beacon(const std::string& directory, const std::string& name) noexcept;

}  // namespace airy::mq::embedded
