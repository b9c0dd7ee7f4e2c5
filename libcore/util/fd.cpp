// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "util/fd.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>

#include "util/system_failure.hpp"

namespace airy::util {

void Fd::reset(int fd) noexcept {
    if (fd_ >= 0) ::close(fd_);
    fd_ = fd;
}

Fd duplicate(int fd) {
    Fd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
    if (!copy) throw system_failure("cannot duplicate a descriptor", errno);
    return copy;
}

Wakeup::Wakeup() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!fd_) throw system_failure("cannot make an eventfd", errno);
}

void Wakeup::signal() noexcept {
    const std::uint64_t one = 1;
    // EAGAIN means the counter is full, so the reader is awake already.
    [[maybe_unused]] auto n = ::write(fd_.get(), &one, sizeof one);
}

void Wakeup::clear() noexcept {
    std::uint64_t count;
    [[maybe_unused]] auto n = ::read(fd_.get(), &count, sizeof count);
}

}  // namespace airy::util
