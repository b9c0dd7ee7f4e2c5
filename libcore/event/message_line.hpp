// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "event/message.hpp"
#include "util/clock.hpp"

namespace airy::event {

// The message line: one message as one JSON object in one line, exact both ways.
//
// `{"topic":…,"exchange":…,"queue":…,"redelivered":false,"received_at":…,"properties":{…},
//   "headers":{…},"body":…}`
//
// - `body` is the JSON text exactly as it came, if it is valid JSON and can stand in one line: with
// a line break in it, or space around it, a reader would not get it back byte for byte. Otherwise
//   `body_text` holds it as a string, or `body_base64` where it is not UTF-8.
// - `headers` reads naturally: an integer is an int64, a number with a fraction or exponent a
//   double, null is void, an object a table. `header_types`, there only when needed, gives the
//   exact type of what would be read otherwise, by JSON pointer:
//   `{"/x-retries":"int32","/x-death/0/time":"timestamp"}`. Types: int8 uint8 int16 uint16 int32
//   uint32 uint64 float double decimal timestamp, `bytes` and `base64` (both written in base64: a
//   byte array, and a string that is not UTF-8), `entries` (a table that repeats a name or has one
//   that is not UTF-8, written as an array of [base64 of the name, value]) and, at the pointer "",
//   `table` (a header table that is there and empty).
// - Names and properties that are not UTF-8: `topic_base64`, `exchange_base64`, `queue_base64`,
//   `properties_base64`.

// Appends the line without a line break.
void append_message_line(std::string& out, const Message& message, std::string_view queue,
                         bool redelivered, util::SystemTime received_at);

// The message of a line, with `exchange` where the line has none. The line needs a topic and a
// body; queue, redelivered and received_at are ignored, as are types of headers that are not there
// (a program may have removed the header). An unknown name is an error. Throws Error{invalid_event}
// that names the mistake and its place.
Message parse_message_line(std::string_view line, std::string_view exchange = {});

}  // namespace airy::event
