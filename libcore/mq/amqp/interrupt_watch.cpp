// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/interrupt_watch.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

#include "util/limits.hpp"

namespace airy::mq::amqp {

InterruptWatch::InterruptWatch(int interrupt) {
    if (interrupt < 0) return;
    thread_ = util::start_thread([this, interrupt] {
        pollfd waiting[] = {{interrupt, POLLIN, 0}, {done_.fd(), POLLIN, 0}};
        while (::poll(waiting, 2, -1) < 0 && errno == EINTR) {
        }
        if (waiting[1].revents == 0) this->interrupt();
    });
}

InterruptWatch::~InterruptWatch() {
    done_.signal();
    if (thread_.joinable()) thread_.join();
}

void InterruptWatch::guard(int socket) {
    if (!thread_.joinable()) return;
    const std::lock_guard lock(mutex_);
    socket_.reset(::fcntl(socket, F_DUPFD_CLOEXEC, 3));
    if (interrupted_) ::shutdown(socket_.get(), SHUT_RDWR);
}

bool InterruptWatch::interrupted() const {
    const std::lock_guard lock(mutex_);
    return interrupted_;
}

void InterruptWatch::interrupt() noexcept {
    const std::lock_guard lock(mutex_);
    interrupted_ = true;
    if (socket_) ::shutdown(socket_.get(), SHUT_RDWR);
}

}  // namespace airy::mq::amqp
