// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string_view>

namespace airy::event {

// AMQP topics are words split by `.` (empty words count; the empty topic has no words). In a
// pattern the word `*` stands for one word and the word `#` for zero or more
// (AMQP 0-9-1 section 3.1.3.3, as RabbitMQ reads it).

// Throws Error{usage} for a topic that no message can have, or that is surely a mistake: empty,
// longer than 255 bytes, not UTF-8, or with a wildcard as a word.
void check_topic(std::string_view topic);

// Throws Error{usage} for a pattern that no queue can be bound with, or that is surely a mistake:
// empty, longer than 255 bytes, not UTF-8, or with a wildcard inside a word (`a.*b`, which AMQP
// takes literally).
void check_pattern(std::string_view pattern);

// Whether the pattern matches the topic; also for texts that the checks above refuse.
bool matches(std::string_view pattern, std::string_view topic) noexcept;

}  // namespace airy::event
