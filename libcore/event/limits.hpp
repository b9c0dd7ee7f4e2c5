// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "event/message.hpp"

// Limits of a message for every broker, checked before it is sent. Pure; any thread.
namespace airy::event {

// Most levels of values in a header table; RabbitMQ's own headers have at most four. Message lines
// and the file of the embedded broker have the same limit.
inline constexpr std::size_t header_depth_limit = 200;

bool is_too_deep(const HeaderTable& table);

// Most milliseconds that a message or an unused queue may wait: ten years. RabbitMQ refuses more
// (rabbit_misc, MAX_EXPIRY_TIMER).
inline constexpr std::int64_t longest_wait = 315'360'000'000;

// The expiration in milliseconds. Throws Error{invalid_event} for a text for which RabbitMQ closes
// the channel: not a number, or beyond `longest_wait`.
std::optional<std::int64_t> expiration_of(const Properties& properties);

}  // namespace airy::event
