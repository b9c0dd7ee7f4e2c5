// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "event/where.hpp"

#include "fuzz.hpp"

using namespace airy;

// A condition, a line break, a body.
AIRY_FUZZ(text) {
    const auto condition = text.substr(0, text.find('\n'));
    event::Message message;
    message.topic = "post.published";
    if (condition.size() < text.size()) message.body = text.substr(condition.size() + 1);
    event::parse_where(condition).matches(message, "q");
}
