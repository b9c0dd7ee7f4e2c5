// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <mutex>
#include <thread>

#include "util/fd.hpp"

namespace airy::mq::amqp {

// Ends what rabbitmq-c would go on waiting for, a TLS handshake or a login, by shutting its socket
// down as soon as a descriptor is readable. Made and used by the connecting thread; has one of its
// own.
class InterruptWatch {
  public:
    // Borrows `interrupt`; -1: never interrupts.
    explicit InterruptWatch(int interrupt);
    ~InterruptWatch();
    InterruptWatch(const InterruptWatch&) = delete;
    InterruptWatch& operator=(const InterruptWatch&) = delete;

    // The socket to shut down, now where the interrupt has come already. Holds a duplicate, so that
    // the library may close its own at any time.
    void guard(int socket);

    bool interrupted() const;

  private:
    void interrupt() noexcept;

    util::Wakeup done_;
    mutable std::mutex mutex_;
    util::Fd socket_;           // guarded by mutex_
    bool interrupted_ = false;  // guarded by mutex_
    std::thread thread_;
};

}  // namespace airy::mq::amqp
