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

// Sets or adds the field, and sorts the table by name, as RabbitMQ does.
void set_field(event::HeaderTable& table, std::string_view name, event::HeaderValue value);

// An integer of any width. Nullopt for another type, or above the largest std::int64_t.
std::optional<std::int64_t> integer_of(const event::HeaderValue& value);

}  // namespace airy::mq::embedded
