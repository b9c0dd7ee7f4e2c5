// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "event/message.hpp"

// Properties and header tables as the bytes that the file holds. Pure; any thread. Reading throws
// Error{unreachable} for bytes that these functions did not write, and for tables that
// event::is_too_deep. The writing functions do not check the depth; their callers do.
namespace airy::mq::embedded {

// Appends the properties and headers of a message to `out`.
void append_meta(std::string& out, const event::Message& message);
void read_meta(std::string_view bytes, event::Message& message);

std::string encode_table(const event::HeaderTable& table);
event::HeaderTable decode_table(std::string_view bytes);

}  // namespace airy::mq::embedded
