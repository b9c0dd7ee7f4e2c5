// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>

#include "mq/amqp/interrupt_watch.hpp"
#include "mq/amqp/rabbitmq_c.hpp"
#include "mq/amqp/url.hpp"
#include "mq/endpoint.hpp"

namespace airy::mq::amqp {

// Connects `state` by TLS to the host of `url` at this address of it, before `deadline`; verifies
// the certificate for the host's name. Throws Error{unreachable} with the cause (permanent for a
// certificate that is not trusted), Error{usage} for certificates that cannot be read. `watch`
// guards the socket from the beginning of the handshake on.
void open_tls_socket(amqp_connection_state_t state, const AmqpUrl& url, const Endpoint& endpoint,
                     const std::string& address, std::chrono::steady_clock::time_point deadline,
                     InterruptWatch& watch);

}  // namespace airy::mq::amqp
