// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "event/cloud_event.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <utility>
#include <variant>

#include "event/event_id.hpp"
#include "util/json_text.hpp"
#include "util/json_writer.hpp"
#include "util/text.hpp"
#include "util/timestamp.hpp"

namespace airy::event {
namespace {

constexpr std::string_view json_type = "application/json";
constexpr std::string_view any_type = "application/octet-stream";
// The last second that a SystemTime holds; in the year 2262.
constexpr auto last_second = static_cast<std::uint64_t>(
    std::chrono::floor<std::chrono::seconds>(util::SystemTime::max().time_since_epoch()).count());

// Whether the text can stand in a header as it is.
bool is_printable_ascii(std::string_view text) noexcept {
    return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

void append_percent(std::string& out, char c) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    const auto byte = static_cast<unsigned char>(c);
    out += {'%', digits[byte >> 4], digits[byte & 15]};
}

// A segment of a path (RFC 3986 section 3.3).
std::string path_segment(std::string_view text) {
    constexpr std::string_view others = "-._~!$&'()*+,;=:@";
    std::string out;
    for (const char c : text) {
        const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (letter || (c >= '0' && c <= '9') || others.find(c) != others.npos)
            out += c;
        else
            append_percent(out, c);
    }
    return out;
}

std::string_view plain_header(const HeaderTable& headers, std::string_view name) {
    for (const auto& [key, header] : headers)
        if (const auto* text = std::get_if<std::string>(&header.value); text && key == name)
            return is_printable_ascii(*text) ? std::string_view(*text) : std::string_view();
    return {};
}

std::string_view plain_property(const std::optional<std::string>& text) {
    return text && is_printable_ascii(*text) ? std::string_view(*text) : std::string_view();
}

// Whether each name of the list is a coding that changes the bytes of the data (RFC 9110 section
// 8.4.1, RFC 7932 and RFC 8878).
bool are_codings(std::string_view list) {
    constexpr std::string_view known[] = {"gzip", "x-gzip",   "deflate",   "br",
                                          "zstd", "compress", "x-compress"};
    for (;;) {
        const auto comma = std::min(list.find(','), list.size());
        auto name = list.substr(0, comma);
        name.remove_prefix(std::min(name.find_first_not_of(' '), name.size()));
        name = name.substr(0, name.find_last_not_of(' ') + 1);
        const bool is_known = std::ranges::any_of(
            known, [name](std::string_view one) { return util::equal_folded(name, one); });
        if (!is_known) return false;
        if (comma == list.size()) return true;
        list.remove_prefix(comma + 1);
    }
}

bool is_json_type(std::string_view type) {
    auto media = type.substr(0, type.find_first_of("; \t"));
    std::string lower(media);
    for (auto& c : lower)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return lower.ends_with("/json") || lower.ends_with("+json");
}

void append_data(std::string& out, const CloudEvent& event) {
    const bool json = is_json_type(event.content_type);
    const bool readable = event.encoding.empty();
    if (readable && json && !util::check_json(event.data)) {
        out += R"(,"data":)";
        out += event.data;
    } else if (readable && !json && event.content_type != any_type && util::is_utf8(event.data)) {
        out += R"(,"data":)";
        util::append_json_string(out, event.data);
    } else {
        out += R"(,"data_base64":")";
        out += util::base64_encode(event.data);
        out += '"';
    }
}

struct PlainHeader {
    std::string_view name;
    std::string_view value;
};

// Leaves out empty ones.
void append_plain(std::vector<CloudHeader>& headers, std::initializer_list<PlainHeader> plain) {
    for (const auto& [name, value] : plain)
        if (!value.empty()) headers.push_back({name, std::string(value)});
}

void append_body_headers(std::vector<CloudHeader>& headers, const CloudEvent& event) {
    append_plain(headers, {{"Content-Type", event.content_type},
                           {"Content-Encoding", event.encoding},
                           {"traceparent", event.trace_parent},
                           {"tracestate", event.trace_state}});
}

}  // namespace

CloudEvent cloud_event(const Message& message) {
    const auto& properties = message.properties;
    CloudEvent event;
    event.id = id_of(message);
    event.has_own_id = !event.id.empty();
    if (!event.has_own_id) event.id = derived_id(message);
    event.type = properties.type.value_or("");
    if (event.type.empty()) event.type = message.topic;
    if (event.type.empty()) event.type = "message";
    event.source = "/" + path_segment(message.exchange);
    if (properties.timestamp && *properties.timestamp <= last_second)
        event.time = util::format_rfc3339(util::SystemTime(
            std::chrono::seconds(static_cast<std::int64_t>(*properties.timestamp))));
    event.subject = message.topic;
    event.content_type = plain_property(properties.content_type);
    const auto encoding = plain_property(properties.content_encoding);
    if (are_codings(encoding))
        event.encoding = encoding;
    else if (!util::equal_folded(encoding, "identity"))
        event.other_encoding = encoding;
    if (event.content_type.empty() && !message.body.empty())
        event.content_type =
            event.encoding.empty() && !util::check_json(message.body) ? json_type : any_type;
    event.trace_parent = plain_header(message.headers, "traceparent");
    event.trace_state = plain_header(message.headers, "tracestate");
    event.data = message.body;
    return event;
}

// Section 3.1.3.2 of the HTTP binding: printable ASCII stays, but for blank, `"` and `%`.
std::string header_value(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (const char c : text)
        if (c > ' ' && c <= '~' && c != '"' && c != '%')
            out += c;
        else
            append_percent(out, c);
    return out;
}

std::vector<CloudHeader> trace_headers(const CloudEvent& event) {
    std::vector<CloudHeader> headers;
    append_plain(headers, {{"traceparent", event.trace_parent}, {"tracestate", event.trace_state}});
    return headers;
}

std::vector<CloudHeader> raw_headers(const CloudEvent& event) {
    std::vector<CloudHeader> headers;
    append_body_headers(headers, event);
    append_plain(headers, {{"Airy-Content-Encoding", event.other_encoding}});
    headers.push_back({"Airy-Topic", header_value(event.subject)});
    if (event.has_own_id) headers.push_back({"Airy-Event-Id", header_value(event.id)});
    headers.push_back({"Airy-Event-Type", header_value(event.type)});
    return headers;
}

std::vector<CloudHeader> binary_headers(const CloudEvent& event) {
    std::vector<CloudHeader> headers;
    headers.reserve(11);
    headers.push_back({"ce-specversion", "1.0"});
    headers.push_back({"ce-id", header_value(event.id)});
    headers.push_back({"ce-type", header_value(event.type)});
    headers.push_back({"ce-source", header_value(event.source)});
    if (!event.time.empty()) headers.push_back({"ce-time", event.time});
    if (!event.subject.empty()) headers.push_back({"ce-subject", header_value(event.subject)});
    if (!event.other_encoding.empty())
        headers.push_back({"ce-contentencoding", header_value(event.other_encoding)});
    append_body_headers(headers, event);
    return headers;
}

void append_structured(std::string& out, const CloudEvent& event) {
    util::JsonObject attributes;
    attributes.add("specversion", std::string_view("1.0"));
    const std::pair<std::string_view, std::string_view> all[] = {
        {"id", event.id},
        {"type", event.type},
        {"source", event.source},
        {"time", event.time},
        {"subject", event.subject},
        {"datacontenttype", event.content_type},
        {"contentencoding", event.encoding},
        {"contentencoding", event.other_encoding},
        {"traceparent", event.trace_parent},
        {"tracestate", event.trace_state},
    };
    for (const auto& [name, value] : all)
        if (!value.empty()) attributes.add(name, value);
    out += attributes.text();
    if (event.data.empty()) return;
    out.pop_back();
    append_data(out, event);
    out += '}';
}

}  // namespace airy::event
