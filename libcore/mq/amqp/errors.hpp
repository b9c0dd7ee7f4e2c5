// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <amqp.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "util/error.hpp"

// What rabbitmq-c and the broker report, as airy::Error. Pure; any thread.
namespace airy::mq::amqp {

// Whether connecting again and doing the same can help.
enum class Fate : std::uint8_t { transient, permanent };

// Of a close by the broker with this code and text (AMQP 0-9-1 section 1.1).
Fate classify(int code, std::string_view text) noexcept;

// Of rabbitmq-c's own status, one of AMQP_STATUS_*.
Fate classify_status(int status) noexcept;

// The broker closed the channel or the connection with this code and text. `what` says what was
// tried, e.g. "cannot declare the queue 'q'". Permanent as `classify` says.
Error from_close(int code, std::string_view text, std::string_view what);

// rabbitmq-c's own status, one of AMQP_STATUS_*.
Error from_status(int status, std::string_view what);

// Whether it is the refusal of a queue that is another connection's own (405 RESOURCE_LOCKED).
bool is_locked(const amqp_rpc_reply_t& reply) noexcept;

// A reply that is not AMQP_RESPONSE_NORMAL.
Error from_reply(const amqp_rpc_reply_t& reply, std::string_view what);

}  // namespace airy::mq::amqp
