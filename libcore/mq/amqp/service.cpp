// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/service.hpp"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>

namespace airy::mq::amqp {

bool wait_readable(const Connection& connection, int inbox, util::SteadyTime due) {
    auto patience = connection.patience();
    if (due != util::SteadyTime::max()) {
        const auto until_due =
            std::chrono::ceil<std::chrono::milliseconds>(due - std::chrono::steady_clock::now());
        patience = std::clamp(until_due, std::chrono::milliseconds(0), patience);
    }
    pollfd waiting[] = {{connection.socket(), POLLIN, 0}, {inbox, POLLIN, 0}};
    const int ready = ::poll(waiting, 2, static_cast<int>(patience.count()));
    // Nothing at all: the heartbeats are served by looking for a frame.
    return ready <= 0 || waiting[0].revents != 0;
}

void ServiceThread::join_or_shut_down(std::chrono::milliseconds deadline, int socket) noexcept {
    constexpr std::chrono::milliseconds slack{250};  // for the thread to notice its own deadline
    if (ended_.wait_for(deadline + slack) != std::future_status::ready)
        ::shutdown(socket, SHUT_RDWR);
    thread_.join();
}

}  // namespace airy::mq::amqp
