// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>

#include "mq/amqp/interrupt_watch.hpp"
#include "mq/amqp/rabbitmq_c.hpp"
#include "mq/amqp/url.hpp"
#include "mq/endpoint.hpp"

namespace airy::mq::amqp {

// Connects `state` to the broker by TCP, and TLS where the URL says so, before `deadline`. The
// socket is non-blocking, with TCP_NODELAY, keepalive and TCP_USER_TIMEOUT (twice the heartbeat).
// Throws Error{unreachable} with the cause (Reason::nobody_listens; permanent for a certificate
// that is not trusted), Error{usage} for certificates that cannot be read. Connecting by TCP ends
// at once when `interrupt` is readable; from then on `watch` guards the socket.
void open_socket(amqp_connection_state_t state, const AmqpUrl& url, const Endpoint& endpoint,
                 std::chrono::steady_clock::time_point deadline, int interrupt,
                 InterruptWatch& watch);

}  // namespace airy::mq::amqp
