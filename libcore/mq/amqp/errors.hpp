// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include "mq/amqp/rabbitmq_c.hpp"
#include "mq/amqp/suspects.hpp"
#include "util/error.hpp"

// Failures that rabbitmq-c and the broker report, as airy::Error. Pure; any thread.
namespace airy::mq::amqp {

// Whether connecting again and repeating the call can help.
enum class Fate : std::uint8_t { transient, permanent };

// Classifies a close by the broker with this code and text (AMQP 0-9-1 section 1.1).
Fate classify(int code, std::string_view text) noexcept;

// What a close of the channel, or else of the connection, with this code and text tells about the
// messages that were on the way.
Ending ending_by(bool of_channel, int code, std::string_view text) noexcept;

// Classifies rabbitmq-c's own status, one of AMQP_STATUS_*.
Fate classify_status(int status) noexcept;

// The error of a close of the channel or the connection with this code and text. `what` names the
// failed call, e.g. "cannot declare the queue 'q'". Permanent as `classify` says.
Error from_close(int code, std::string_view text, std::string_view what);

// The error of rabbitmq-c's own status.
Error from_status(int status, std::string_view what);

// Whether the broker refused a queue that is exclusive to another connection (405 RESOURCE_LOCKED).
bool is_locked(const amqp_rpc_reply_t& reply) noexcept;

// The error of a reply that is not AMQP_RESPONSE_NORMAL.
Error from_reply(const amqp_rpc_reply_t& reply, std::string_view what);

}  // namespace airy::mq::amqp
