// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event/message.hpp"

namespace airy::event {

// A message as an event of CloudEvents 1.0
// (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md). Borrows the message.
struct CloudEvent {
    std::string id;            // as id_of, else as derived_id
    bool has_own_id = true;    // false: the id is derived
    std::string type;          // the message's type, else its topic
    std::string source;        // `/` and the exchange, percent-encoded
    std::string time;          // RFC 3339; empty: unknown
    std::string_view subject;  // the topic; may be empty
    std::string content_type;  // of the data; may be empty when there is no data
    // content_encoding of the data: the codings of HTTP in it, such as gzip; mostly empty.
    std::string_view encoding;
    // One that is none of HTTP's, such as the name of a character set, which Celery and Spring put
    // there; mostly empty.
    std::string_view other_encoding;
    std::string_view trace_parent;  // W3C Trace Context; empty: none
    std::string_view trace_state;
    std::string_view data;
};

CloudEvent cloud_event(const Message& message);

struct CloudHeader {
    std::string_view name;
    std::string value;
};

// The headers of the HTTP binding's binary mode (section 3.1.3), in which the body is the data:
// Content-Type and the attributes, percent-encoded as the binding says, and the headers of W3C
// Trace Context. An encoding that HTTP does not know is the extension `contentencoding`.
std::vector<CloudHeader> binary_headers(const CloudEvent& event);
// Those of W3C Trace Context alone.
std::vector<CloudHeader> trace_headers(const CloudEvent& event);
// For a message as it is: those of its body and of W3C Trace Context, and Airy-Topic, Airy-Event-Id
// where the message has an id, Airy-Event-Type, and Airy-Content-Encoding for an encoding that HTTP
// does not know.
std::vector<CloudHeader> raw_headers(const CloudEvent& event);
// The text as the value of a header: percent-encoded as the binding says.
std::string header_value(std::string_view text);

// Appends the event as one JSON object, as in the binding's structured mode. JSON data stays the
// text that it was; other text becomes a string, and anything else base64.
void append_structured(std::string& out, const CloudEvent& event);
inline constexpr std::string_view structured_content_type =
    "application/cloudevents+json; charset=utf-8";
// Of a JSON array of such objects, the JSON batch format.
inline constexpr std::string_view batch_content_type =
    "application/cloudevents-batch+json; charset=utf-8";

}  // namespace airy::event
