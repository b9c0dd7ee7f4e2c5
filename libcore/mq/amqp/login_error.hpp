// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>

#include "mq/amqp/rabbitmq_c.hpp"
#include "mq/amqp/url.hpp"
#include "mq/endpoint.hpp"
#include "util/error.hpp"

namespace airy::mq::amqp {

// A failed login in words: the broker's own where it gave some. Permanent unless trying again may
// help. A broker that does not take a user name and a password is asked over another connection,
// before `deadline`, for the mechanisms that it offers; a readable `interrupt` ends that.
Error login_error(const amqp_rpc_reply_t& reply, const AmqpUrl& url, const Endpoint& endpoint,
                  std::chrono::steady_clock::time_point deadline, int interrupt);

}  // namespace airy::mq::amqp
