// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/beacon.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "util/error.hpp"
#include "util/system_failure.hpp"
#include "util/text.hpp"

namespace airy::mq::embedded {

Beacon::Beacon(const std::string& directory, const std::string& name)
    : path_(directory + "/" + name) {
    // O_RDWR: the session holds both ends, so that it never reads an end of file (fifo(7)).
    if (::mkfifo(path_.c_str(), 0600) == 0)
        fd_.reset(::open(path_.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW));
    if (fd_) return;
    const int cause = errno;
    ::unlink(path_.c_str());
    throw util::system_failure(
        fmt::format("cannot make the pipe {}", util::printable(path_)), cause,
        ErrorKind::unreachable,
        "the broker's directory must be writable, on a file system that has pipes");
}

Beacon::~Beacon() {
    ::unlink(path_.c_str());
}

void Beacon::clear() noexcept {
    char bytes[512];
    while (::read(fd_.get(), bytes, sizeof bytes) == sizeof bytes) {
    }
}

util::Fd watch_beacon(const std::string& directory, const std::string& name, bool& alive) noexcept {
    const auto path = directory + "/" + name;
    util::Fd end(::open(path.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW));
    // ENXIO: no process has the pipe open for reading (open(2)).
    alive = end || (errno != ENXIO && errno != ENOENT);
    return end;
}

bool wake_beacon(const std::string& directory, const std::string& name) noexcept {
    bool alive = false;
    const auto end = watch_beacon(directory, name, alive);
    // A full pipe holds wake-ups already.
    if (end) [[maybe_unused]]
        auto n = ::write(end.get(), "", 1);
    return alive;
}

void remove_beacon(const std::string& directory, const std::string& name) noexcept {
    ::unlink((directory + "/" + name).c_str());
}

}  // namespace airy::mq::embedded
