// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <mutex>
#include <thread>

#include "util/fd.hpp"

namespace airy::mq::amqp {

// Ends a TLS handshake or a login in rabbitmq-c by shutting its socket down as soon as a descriptor
// is readable. Made and used by the connecting thread; watches on a thread of its own.
class InterruptWatch {
  public:
    // Borrows `interrupt`; -1: never interrupts.
    explicit InterruptWatch(int interrupt);
    ~InterruptWatch();
    InterruptWatch(const InterruptWatch&) = delete;
    InterruptWatch& operator=(const InterruptWatch&) = delete;

    // Names the socket to shut down; at once if the interrupt has come already. Holds a duplicate,
    // so that rabbitmq-c may close its descriptor at any time.
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
