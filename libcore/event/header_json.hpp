// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "event/message.hpp"

namespace airy::event {

// Header tables as the JSON of the message line: natural values, and their exact AMQP types beside
// them where the natural reading gives another type (message_line.hpp has the rules).

// Appends the members `"headers":{…}` and, for types that the values do not tell,
// `,"header_types":{…}`.
void append_headers(std::string& out, const Message& message);

// The mistake in a line, and where (a pointer to a byte of the line, or null).
struct LineFault : std::runtime_error {
    LineFault(const char* where, const std::string& what) : std::runtime_error(what), at(where) {}
    const char* at;
};

// Sets the message's header table from the JSON texts of both members (`types` empty: not there).
// They must be valid JSON. Throws LineFault.
void read_headers(Message& message, std::string_view headers, std::string_view types);

}  // namespace airy::event
