// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/service.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>

#include "util/limits.hpp"
#include "util/tcp.hpp"

namespace airy::mq::amqp {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

ServiceThread::~ServiceThread() {
    if (!thread_.joinable()) return;
    prepared_.set_value({});  // prepared and never started
    thread_.join();
}

void ServiceThread::prepare() {
    if (thread_.joinable()) return;
    thread_ = util::start_thread([this] {
        if (auto serve = prepared_.get_future().get(); serve.valid()) serve();
    });
}

void ServiceThread::watch(int socket) noexcept {
    const std::lock_guard lock(socket_mutex_);
    socket_ = socket;
}

std::uint64_t ServiceThread::bytes_sent() const noexcept {
    const std::lock_guard lock(socket_mutex_);
    return util::acknowledged_bytes(socket_);
}

bool ServiceThread::wait_readable(const Connection& connection, int inbox, util::SteadyTime due,
                                  util::SteadyTime rest_until) const {
    auto patience = connection.patience();
    const auto now = steady_clock::now();
    const bool resting = now < rest_until;
    if (resting) due = std::min(due, rest_until);
    if (due != util::SteadyTime::max())
        patience =
            std::clamp(std::chrono::ceil<milliseconds>(due - now), milliseconds(0), patience);
    pollfd waiting[] = {{resting ? -1 : connection.socket(), POLLIN, 0},
                        {inbox, POLLIN, 0},
                        {stop_.fd(), POLLIN, 0}};
    const int ready = ::poll(waiting, 3, static_cast<int>(patience.count()));
    // Nothing is readable: the caller looks for a frame, which serves the heartbeats.
    return ready <= 0 || waiting[0].revents != 0;
}

bool ServiceThread::sleep(milliseconds duration) const {
    const auto until = steady_clock::now() + duration;
    while (!closing()) {
        const auto left = std::chrono::ceil<milliseconds>(until - steady_clock::now());
        if (left.count() <= 0) return true;
        pollfd waiting{stop_.fd(), POLLIN, 0};
        ::poll(&waiting, 1, static_cast<int>(left.count()));
    }
    return false;
}

void ServiceThread::end(milliseconds deadline) noexcept {
    constexpr milliseconds slack{250};  // lets the thread end by its own deadline
    if (!thread_.joinable()) return;
    deadline_ = deadline;
    closing_.store(true, std::memory_order_release);
    stop_.signal();
    if (ended_.wait_for(deadline + slack) != std::future_status::ready) {
        const std::lock_guard lock(socket_mutex_);
        if (socket_ >= 0) ::shutdown(socket_, SHUT_RDWR);
    }
    thread_.join();
}

}  // namespace airy::mq::amqp
