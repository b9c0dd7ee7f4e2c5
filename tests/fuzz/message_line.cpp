// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "event/message_line.hpp"

#include "fuzz.hpp"

using namespace airy;

AIRY_FUZZ(text) {
    const auto message = event::parse_message_line(text);
    std::string line;
    event::append_message_line(line, message, "q", false, {});
    AIRY_MUST(event::parse_message_line(line) == message);
}
