// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "event/message.hpp"

// Single fields of header tables. Pure.
namespace airy::mq::embedded {

// The field of this name, or null.
const event::HeaderValue* find_field(const event::HeaderTable& table, std::string_view name);

// Sets or adds it. Like RabbitMQ, leaves a table that it changes sorted by name.
void set_field(event::HeaderTable& table, std::string_view name, event::HeaderValue value);

// Whatever its width on the wire.
std::optional<std::int64_t> integer_of(const event::HeaderValue& value);

}  // namespace airy::mq::embedded
