// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "event/message.hpp"

// Properties and header tables as the bytes that the file holds. Pure; any thread. Reading throws
// Error{unreachable} for bytes that were not written by these functions, and for tables that
// event::is_too_deep: who writes has to see that they are not.
namespace airy::mq::embedded {

// Properties and headers of a message; appended to `out`.
void append_meta(std::string& out, const event::Message& message);
void read_meta(std::string_view bytes, event::Message& message);

std::string encode_table(const event::HeaderTable& table);
event::HeaderTable decode_table(std::string_view bytes);

}  // namespace airy::mq::embedded
