// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "util/poll_set.hpp"

#include <sys/epoll.h>

#include <cerrno>

#include "util/system_failure.hpp"

namespace airy::util {
namespace {

[[noreturn]] void fail() {
    throw system_failure("cannot watch descriptors", errno);
}

}  // namespace

PollSet::PollSet() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (!epoll_) fail();
}

void PollSet::add(int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) fail();
}

void PollSet::remove(int fd) noexcept {
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

}  // namespace airy::util
