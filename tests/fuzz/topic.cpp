// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "event/topic.hpp"

#include "fuzz.hpp"

using namespace airy;

// A pattern, a line break, a topic.
AIRY_FUZZ(text) {
    const auto pattern = text.substr(0, text.find('\n'));
    const auto topic = pattern.size() < text.size() ? text.substr(pattern.size() + 1) : "";
    event::check_pattern(pattern);
    event::check_topic(topic);
    if (event::matches(pattern, topic)) AIRY_MUST(event::matches("#", topic));
}
