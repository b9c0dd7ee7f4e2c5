// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "event/message.hpp"

// What is refused before it is sent, whichever the broker. Pure; any thread.
namespace airy::event {

// Values within values of a header table; RabbitMQ's own are at most four deep. A message line
// holds no more, nor does the file of the embedded broker.
inline constexpr std::size_t header_depth_limit = 200;

bool is_too_deep(const HeaderTable& table);

// Milliseconds that a message or an unused queue may wait: ten years. RabbitMQ refuses more
// (rabbit_misc, MAX_EXPIRY_TIMER).
inline constexpr std::int64_t longest_wait = 315'360'000'000;

// The expiration in milliseconds. Throws Error{invalid_event} for one that RabbitMQ closes the
// channel for: no number, or beyond `longest_wait`.
std::optional<std::int64_t> expiration_of(const Properties& properties);

}  // namespace airy::event
