// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "event/message_field.hpp"

#include <fmt/format.h>

#include <concepts>
#include <utility>
#include <variant>
#include <vector>

namespace airy::event {
namespace {

using util::JsonKind;

FieldValue json_value(std::string_view text) {
    const auto kind = util::json_kind(text);
    return {kind, kind == JsonKind::string ? util::json_string(text) : std::string(text)};
}

// The value at the dotted path in a JSON text. Names may hold dots; elements of arrays have their
// number as name.
std::optional<FieldValue> find_in_json(std::string_view text, std::string_view path) {
    std::vector<util::JsonMember> members;
    JsonKind kind = JsonKind::null;
    if (util::scan_json(text, kind, members)) return std::nullopt;
    for (std::size_t i = 0; i < members.size(); ++i) {
        const auto& member = members[i];
        std::string name(member.key);
        if (kind == JsonKind::array)
            name = std::to_string(i);
        else if (member.key_escaped)
            name = util::json_unescape(member.key);
        if (path == name) return json_value(member.value);
        if (!path.starts_with(name) || path[name.size()] != '.') continue;
        if (auto found = find_in_json(member.value, path.substr(name.size() + 1))) return found;
    }
    return std::nullopt;
}

std::optional<FieldValue> find_in_table(const HeaderTable& table, std::string_view path);
std::optional<FieldValue> find_in_array(const HeaderArray& array, std::string_view path);

struct HeaderText {
    std::optional<FieldValue> operator()(std::monostate) const {
        return FieldValue{JsonKind::null, "null"};
    }
    std::optional<FieldValue> operator()(bool v) const {
        return FieldValue{JsonKind::boolean, v ? "true" : "false"};
    }
    std::optional<FieldValue> operator()(std::integral auto v) const {
        return FieldValue{JsonKind::number, std::to_string(v)};
    }
    std::optional<FieldValue> operator()(std::floating_point auto v) const {
        auto text = fmt::format("{}", v);
        const auto kind = util::is_json_number(text) ? JsonKind::number : JsonKind::string;
        return FieldValue{kind, std::move(text)};
    }
    std::optional<FieldValue> operator()(const HeaderDecimal& v) const {
        return FieldValue{JsonKind::number, fmt::format("{}e-{}", v.value, v.scale)};
    }
    std::optional<FieldValue> operator()(const std::string& v) const {
        return FieldValue{JsonKind::string, v};
    }
    std::optional<FieldValue> operator()(const HeaderBytes& v) const {
        return FieldValue{JsonKind::string, v.bytes};
    }
    std::optional<FieldValue> operator()(const HeaderTimestamp& v) const {
        return FieldValue{JsonKind::number, std::to_string(v.seconds)};
    }
    // Tables and arrays only lead to values; they are none.
    std::optional<FieldValue> operator()(const HeaderArray&) const { return std::nullopt; }
    std::optional<FieldValue> operator()(const HeaderTable&) const { return std::nullopt; }
};

std::optional<FieldValue> find_in_header(const HeaderValue& header, std::string_view path) {
    if (path.empty()) return std::visit(HeaderText{}, header.value);
    if (const auto* table = std::get_if<HeaderTable>(&header.value))
        return find_in_table(*table, path);
    if (const auto* array = std::get_if<HeaderArray>(&header.value))
        return find_in_array(*array, path);
    return std::nullopt;
}

std::optional<FieldValue> find_named(std::string_view name, const HeaderValue& header,
                                     std::string_view path) {
    if (path == name) return find_in_header(header, {});
    if (!path.starts_with(name) || path[name.size()] != '.' || path.size() == name.size() + 1)
        return std::nullopt;
    return find_in_header(header, path.substr(name.size() + 1));
}

std::optional<FieldValue> find_in_table(const HeaderTable& table, std::string_view path) {
    for (const auto& [name, header] : table)
        if (auto found = find_named(name, header, path)) return found;
    return std::nullopt;
}

std::optional<FieldValue> find_in_array(const HeaderArray& array, std::string_view path) {
    for (std::size_t i = 0; i < array.size(); ++i)
        if (auto found = find_named(std::to_string(i), array[i], path)) return found;
    return std::nullopt;
}

// A property by its AMQP name; `known`: AMQP has such a property, be it absent or not.
std::optional<FieldValue> find_property(const Properties& p, std::string_view name, bool& known) {
    known = true;
    const auto text = [](const std::optional<std::string>& value) -> std::optional<FieldValue> {
        if (!value) return std::nullopt;
        return FieldValue{JsonKind::string, *value};
    };
    const auto number = [](const auto& value) -> std::optional<FieldValue> {
        if (!value) return std::nullopt;
        return FieldValue{JsonKind::number, std::to_string(*value)};
    };
    if (name == "content_type") return text(p.content_type);
    if (name == "content_encoding") return text(p.content_encoding);
    if (name == "delivery_mode") return number(p.delivery_mode);
    if (name == "priority") return number(p.priority);
    if (name == "correlation_id") return text(p.correlation_id);
    if (name == "reply_to") return text(p.reply_to);
    if (name == "expiration") return text(p.expiration);
    if (name == "message_id") return text(p.message_id);
    if (name == "timestamp") return number(p.timestamp);
    if (name == "type") return text(p.type);
    if (name == "user_id") return text(p.user_id);
    if (name == "app_id") return text(p.app_id);
    if (name == "cluster_id") return text(p.cluster_id);
    known = false;
    return std::nullopt;
}

}  // namespace

MessageField::MessageField(std::string_view name) : path_(name) {
    const auto lies_behind = [&](std::string_view prefix, Place place) {
        if (!name.starts_with(prefix) || name.size() == prefix.size()) return false;
        place_ = place;
        path_ = name.substr(prefix.size());
        return true;
    };
    if (name == "topic") {
        place_ = Place::topic;
    } else if (name == "exchange") {
        place_ = Place::exchange;
    } else if (name == "queue") {
        place_ = Place::queue;
    } else if (!lies_behind("properties.", Place::property) &&
               !lies_behind("headers.", Place::header)) {
        lies_behind("body.", Place::body);
    }
}

MessageField MessageField::header(std::string_view path) {
    return {Place::header, path};
}

std::optional<std::string_view> MessageField::unknown_property() const {
    if (place_ != Place::property) return std::nullopt;
    bool known = false;
    (void)find_property({}, path_, known);
    return known ? std::nullopt : std::optional<std::string_view>(path_);
}

std::optional<FieldValue> MessageField::find(const Message& message, std::string_view queue) const {
    bool known = false;
    switch (place_) {
        case Place::topic:
            return FieldValue{JsonKind::string, message.topic};
        case Place::exchange:
            return FieldValue{JsonKind::string, message.exchange};
        case Place::queue:
            return FieldValue{JsonKind::string, std::string(queue)};
        case Place::property:
            return find_property(message.properties, path_, known);
        case Place::header:
            return find_in_table(message.headers, path_);
        case Place::body:
            break;
    }
    return find_in_json(message.body, path_);
}

}  // namespace airy::event
