// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "event/message_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "event/header_json.hpp"
#include "util/error.hpp"
#include "util/json_text.hpp"
#include "util/text.hpp"
#include "util/timestamp.hpp"

namespace airy::event {
namespace {

using util::JsonKind;
using util::JsonMember;

struct TextProperty {
    std::string_view name;
    std::optional<std::string> Properties::*member;
};

constexpr std::array text_properties{
    TextProperty{"content_type", &Properties::content_type},
    TextProperty{"content_encoding", &Properties::content_encoding},
    TextProperty{"correlation_id", &Properties::correlation_id},
    TextProperty{"reply_to", &Properties::reply_to},
    TextProperty{"expiration", &Properties::expiration},
    TextProperty{"message_id", &Properties::message_id},
    TextProperty{"type", &Properties::type},
    TextProperty{"user_id", &Properties::user_id},
    TextProperty{"app_id", &Properties::app_id},
    TextProperty{"cluster_id", &Properties::cluster_id},
};

constexpr std::array<std::string_view, 3> number_properties{"delivery_mode", "priority",
                                                            "timestamp"};

// The members of a line. Any other name is a misspelt one, and its value would be lost, so it is
// refused.
constexpr std::array<std::string_view, 16> line_names{
    "id",
    "topic",
    "exchange",
    "queue",
    "topic_base64",
    "exchange_base64",
    "queue_base64",
    "redelivered",
    "received_at",
    "properties",
    "properties_base64",
    "headers",
    "header_types",
    "body",
    "body_text",
    "body_base64",
};

bool is_space(char c) noexcept {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// Whether the line can hold the body as JSON, and a reader gets it back byte for byte.
bool fits_in_line(std::string_view body) {
    return !body.empty() && !is_space(body.front()) && !is_space(body.back()) &&
           body.find('\n') == std::string_view::npos && body.find('\r') == std::string_view::npos &&
           !util::check_json(body);
}

void append_base64(std::string& out, std::string_view bytes) {
    out += '"';
    out += util::base64_encode(bytes);
    out += '"';
}

// `"name":"text",` or, where the text is not UTF-8, `"name_base64":"…",`.
void append_name(std::string& out, std::string_view name, std::string_view text) {
    out += '"';
    out += name;
    if (util::is_utf8(text)) {
        out += "\":";
        util::append_json_string(out, text);
    } else {
        out += "_base64\":";
        append_base64(out, text);
    }
    out += ',';
}

void append_number(std::string& out, std::string_view name, std::uint64_t value) {
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
    out += '"';
    out += name;
    out += "\":";
    out.append(digits.data(), end);
    out += ',';
}

// Turns the comma after the last member into the closing brace.
void close_object(std::string& out) {
    if (out.back() == ',') out.pop_back();
    out += '}';
}

void append_properties(std::string& out, const Properties& properties) {
    bool all_utf8 = true;
    out += R"("properties":{)";
    for (const auto& [name, member] : text_properties) {
        const auto& text = properties.*member;
        if (!text) continue;
        if (!util::is_utf8(*text)) {
            all_utf8 = false;
            continue;
        }
        out += '"';
        out += name;
        out += "\":";
        util::append_json_string(out, *text);
        out += ',';
    }
    if (properties.delivery_mode) append_number(out, "delivery_mode", *properties.delivery_mode);
    if (properties.priority) append_number(out, "priority", *properties.priority);
    if (properties.timestamp) append_number(out, "timestamp", *properties.timestamp);
    close_object(out);
    out += ',';
    if (all_utf8) return;
    out += R"("properties_base64":{)";
    for (const auto& [name, member] : text_properties) {
        const auto& text = properties.*member;
        if (!text || util::is_utf8(*text)) continue;
        out += '"';
        out += name;
        out += "\":";
        append_base64(out, *text);
        out += ',';
    }
    close_object(out);
    out += ',';
}

void append_body(std::string& out, std::string_view body) {
    if (fits_in_line(body)) {
        out += R"("body":)";
        out += body;
    } else if (util::is_utf8(body)) {
        out += R"("body_text":)";
        util::append_json_string(out, body);
    } else {
        out += R"("body_base64":)";
        append_base64(out, body);
    }
}

std::string read_text(const JsonMember& member) {
    if (member.kind != JsonKind::string)
        throw LineFault(member.value.data(), fmt::format("{} must be a string", member.key));
    return util::json_string(member.value);
}

std::string read_base64(const JsonMember& member) {
    if (member.kind == JsonKind::string)
        if (auto bytes = util::base64_decode(util::json_string(member.value)))
            return std::move(*bytes);
    throw LineFault(member.value.data(), fmt::format("{} must be base64", member.key));
}

template <typename T>
T read_number(const JsonMember& member) {
    T value{};
    const char* end = member.value.data() + member.value.size();
    const auto [rest, error] = std::from_chars(member.value.data(), end, value);
    if (error != std::errc() || rest != end)
        throw LineFault(member.value.data(),
                        fmt::format("{} must be an integer from 0 to {}", member.key,
                                    std::numeric_limits<T>::max()));
    return value;
}

std::vector<JsonMember> object_members(std::string_view text, std::string_view name) {
    std::vector<JsonMember> members;
    members.reserve(16);
    JsonKind kind = JsonKind::null;
    // A body as deep as the limit is one deeper inside its line.
    if (const auto fault = util::scan_json(text, kind, members, util::json_depth_limit + 1))
        throw LineFault(text.data() + fault->position, fault->what);
    if (kind != JsonKind::object)
        throw LineFault(text.data(), fmt::format("{} must be a JSON object", name));
    return members;
}

// `known` are the names among which the hint looks for the nearest.
LineFault unknown_name(const JsonMember& member, std::string_view what,
                       std::span<const std::string_view> known) {
    const auto near = util::nearest(member.key, known);
    return {member.key.data(),
            fmt::format("there is no {} '{}'{}", what, util::printable(member.key, 60),
                        near.empty() ? "" : fmt::format(", did you mean '{}'?", near))};
}

LineFault unknown_property(const JsonMember& member) {
    std::vector<std::string_view> known(number_properties.begin(), number_properties.end());
    for (const auto& property : text_properties)
        known.push_back(property.name);
    return unknown_name(member, "property", known);
}

const TextProperty* text_property(std::string_view name) {
    const auto* found = std::find_if(text_properties.begin(), text_properties.end(),
                                     [name](const auto& p) { return p.name == name; });
    return found == text_properties.end() ? nullptr : found;
}

void read_properties(Properties& properties, const JsonMember& object) {
    for (const auto& member : object_members(object.value, object.key)) {
        const auto* text = text_property(member.key);
        if (text == nullptr &&
            std::ranges::find(number_properties, member.key) == number_properties.end())
            throw unknown_property(member);
        if (member.kind == JsonKind::null) continue;
        if (text != nullptr)
            properties.*(text->member) = read_text(member);
        else if (member.key == "delivery_mode")
            properties.delivery_mode = read_number<std::uint8_t>(member);
        else if (member.key == "priority")
            properties.priority = read_number<std::uint8_t>(member);
        else
            properties.timestamp = read_number<std::uint64_t>(member);
    }
}

void read_base64_properties(Properties& properties, const JsonMember& object) {
    for (const auto& member : object_members(object.value, object.key)) {
        const auto* text = text_property(member.key);
        if (text == nullptr) throw unknown_property(member);
        properties.*(text->member) = read_base64(member);
    }
}

// The members of a line that make the message, gathered before they are read: their order is free.
struct LineMembers {
    JsonMember topic, exchange, properties, properties_base64, headers, header_types, body;
};

JsonMember* slot_of(LineMembers& line, std::string_view key) {
    if (key == "topic" || key == "topic_base64") return &line.topic;
    if (key == "exchange" || key == "exchange_base64") return &line.exchange;
    if (key == "properties") return &line.properties;
    if (key == "properties_base64") return &line.properties_base64;
    if (key == "headers") return &line.headers;
    if (key == "header_types") return &line.header_types;
    if (key == "body" || key == "body_text" || key == "body_base64") return &line.body;
    return nullptr;
}

LineMembers gather(std::string_view text) {
    LineMembers line;
    for (const auto& member : object_members(text, "a message line")) {
        if (std::ranges::find(line_names, member.key) == line_names.end())
            throw unknown_name(member, "member", line_names);
        auto* slot = slot_of(line, member.key);
        if (slot == nullptr) continue;  // queue, redelivered, received_at: not sent again
        // null means "not there", except for a body, where null is a JSON text like any other.
        if (member.kind == JsonKind::null && member.key != "body") continue;
        if (!slot->key.empty())
            throw LineFault(member.value.data(), fmt::format("{} is there twice", member.key));
        *slot = member;
    }
    return line;
}

std::string read_name(const JsonMember& member) {
    if (member.key.empty()) return {};
    return member.key.ends_with("_base64") ? read_base64(member) : read_text(member);
}

std::string read_body(const JsonMember& member) {
    if (member.key == "body") return std::string(member.value);
    return read_name(member);
}

Message read_message(std::string_view text, std::string_view exchange) {
    const auto line = gather(text);
    if (line.topic.key.empty()) throw LineFault(nullptr, "topic is missing");
    if (line.body.key.empty())
        throw LineFault(nullptr, "body is missing (or body_text, or body_base64)");
    Message message;
    message.topic = read_name(line.topic);
    message.exchange = line.exchange.key.empty() ? exchange : read_name(line.exchange);
    if (!line.properties.key.empty()) read_properties(message.properties, line.properties);
    if (!line.properties_base64.key.empty())
        read_base64_properties(message.properties, line.properties_base64);
    if (!line.headers.key.empty())
        read_headers(message, line.headers.value, line.header_types.value);
    message.body = read_body(line.body);
    return message;
}

}  // namespace

void append_message_line(std::string& out, const Message& message, std::string_view queue,
                         bool redelivered, util::SystemTime received_at) {
    out.reserve(out.size() + message.body.size() + 512);
    out += '{';
    append_name(out, "topic", message.topic);
    append_name(out, "exchange", message.exchange);
    append_name(out, "queue", queue);
    out += redelivered ? R"("redelivered":true,"received_at":")"
                       : R"("redelivered":false,"received_at":")";
    util::append_rfc3339(out, received_at);
    out += "\",";
    append_properties(out, message.properties);
    append_headers(out, message);
    out += ',';
    append_body(out, message.body);
    out += '}';
}

Message parse_message_line(std::string_view line, std::string_view exchange) {
    try {
        return read_message(line, exchange);
    } catch (const LineFault& fault) {
        const bool placed = fault.at >= line.data() && fault.at <= line.data() + line.size();
        const auto where =
            placed ? fmt::format(" at byte {}", fault.at - line.data() + 1) : std::string{};
        throw Error(ErrorKind::invalid_event,
                    fmt::format("not a message line{}: {}", where, fault.what()),
                    R"(a message line is {"topic":…,"properties":{…},"headers":{…},"body":…})");
    }
}

}  // namespace airy::event
