// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "util/fd.hpp"

namespace airy::mq::embedded {

// The named pipe by which others know that a session lives, and wake it. The kernel closes it with
// the process, however that ends: then nobody reads from it any more, and who holds its other end
// is told (poll: POLLERR). One thread.
class Beacon {
  public:
    // Makes the pipe `directory`/`name`, which is not there yet. Throws Error{unreachable}.
    Beacon(const std::string& directory, const std::string& name);
    ~Beacon();  // removes it
    Beacon(const Beacon&) = delete;
    Beacon& operator=(const Beacon&) = delete;

    int fd() const noexcept { return fd_.get(); }  // readable when it was woken
    void clear() noexcept;

  private:
    std::string path_;
    util::Fd fd_;
};

// Wakes who holds the beacon; false when nobody does. Whatever else hinders counts as alive.
bool wake_beacon(const std::string& directory, const std::string& name) noexcept;

// The other end of a beacon, to poll for POLLERR. None when nobody holds it, or (`alive` set) when
// it cannot be watched.
util::Fd watch_beacon(const std::string& directory, const std::string& name, bool& alive) noexcept;

// Removes what a session that died has left of it.
void remove_beacon(const std::string& directory, const std::string& name) noexcept;

}  // namespace airy::mq::embedded
