// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "event/message.hpp"

namespace airy::event {

// The id by which a message is known: its message_id, else the event_id in its body, since Airy's
// services set no message_id. Empty where it has neither. Without a message_id this reads the whole
// body, which must be one JSON object. Any thread.
std::string id_of(const Message& message);

// A UUID for a message without an id, made of its exchange, topic, properties, headers and body:
// the same each time that it is delivered. Equal messages have the same one. Any thread.
std::string derived_id(const Message& message);

}  // namespace airy::event
