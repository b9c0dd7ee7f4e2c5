// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "event/envelope.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "event/topic.hpp"
#include "util/error.hpp"
#include "util/json_text.hpp"
#include "util/text.hpp"
#include "util/timestamp.hpp"

namespace airy::event {
namespace {

using util::JsonKind;
using util::JsonMember;

[[noreturn]] void invalid(const std::string& message) {
    throw Error(Reason::invalid_event, message);
}

std::string shown(std::string_view text) {
    return util::printable(text, 60);
}

std::string_view kind_name(JsonKind kind) {
    switch (kind) {
        case JsonKind::null:
            return "null";
        case JsonKind::boolean:
            return "a boolean";
        case JsonKind::number:
            return "a number";
        case JsonKind::string:
            return "a string";
        case JsonKind::array:
            return "an array";
        case JsonKind::object:
            break;
    }
    return "an object";
}

// The members of one event body, their names unescaped; views into the body.
class Body {
  public:
    explicit Body(std::string_view text) : text_(text) {
        members_.reserve(16);
        JsonKind kind = JsonKind::null;
        if (const auto fault = util::scan_json(text, kind, members_))
            invalid(fmt::format("the event is not valid JSON: at byte {}, {}", fault->position + 1,
                                fault->what));
        if (kind != JsonKind::object)
            invalid(fmt::format("an event is a JSON object, but this is {}", kind_name(kind)));
        unescape_names();
        refuse_duplicates();
    }

    const JsonMember* find(std::string_view name) const noexcept {
        for (const auto& member : members_)
            if (member.key == name) return &member;
        return nullptr;
    }

    // Go's encoding/json, by which Airy reads, takes a name that differs from a field's only in
    // case for that field, also beside the field itself.
    void refuse_folded(std::string_view field) const {
        for (const auto& member : members_)
            if (member.key != field && util::equal_folded(member.key, field))
                invalid(fmt::format("field '{}' is read as {} by Airy's services: write it as {}",
                                    shown(member.key), field, field));
    }

    // The text with `added` (members, each with a comma after it) put in front of its own members.
    std::string with(std::string added) const {
        if (added.empty()) return std::string(text_);
        if (members_.empty()) added.pop_back();
        const auto inside = text_.find('{') + 1;
        std::string body;
        body.reserve(text_.size() + added.size());
        body.append(text_, 0, inside);
        body.append(added);
        return body.append(text_, inside);
    }

  private:
    void unescape_names() {
        if (std::none_of(members_.begin(), members_.end(),
                         [](const JsonMember& member) { return member.key_escaped; }))
            return;
        names_.reserve(members_.size());
        for (auto& member : members_)
            if (member.key_escaped)
                member.key = names_.emplace_back(util::json_unescape(member.key));
    }

    // Readers differ in which of two fields of one name they take, so such an event is refused.
    void refuse_duplicates() const {
        constexpr std::size_t few = 24;
        const auto twice = [](std::string_view name) {
            invalid(fmt::format("field '{}' is there twice", shown(name)));
        };
        if (members_.size() <= few) {
            for (std::size_t i = 1; i < members_.size(); ++i)
                for (std::size_t k = 0; k < i; ++k)
                    if (members_[i].key == members_[k].key) twice(members_[i].key);
            return;
        }
        std::vector<std::string_view> names;
        names.reserve(members_.size());
        for (const auto& member : members_)
            names.push_back(member.key);
        std::sort(names.begin(), names.end());
        const auto pair = std::adjacent_find(names.begin(), names.end());
        if (pair != names.end()) twice(*pair);
    }

    std::string_view text_;
    std::vector<JsonMember> members_;
    std::vector<std::string> names_;  // unescaped names, which members_ view
};

std::string needed(const Field& field) {
    switch (field.type) {
        case FieldType::id:
            return "a 64-bit integer";
        case FieldType::string:
            return "a string";
        case FieldType::choice:
            break;
    }
    return fmt::format("\"{}\"", fmt::join(field.choices, "\" or \""));
}

bool is_choice(const Field& field, std::string_view value) {
    return std::find(field.choices.begin(), field.choices.end(), value) != field.choices.end();
}

[[noreturn]] void refuse_field(const EventType& type, const Field& field, std::string_view found) {
    invalid(fmt::format("{} of {} must be {}, not {}", field.name, type.name, needed(field),
                        found.empty() ? "nothing" : shown(found)));
}

void check_field(const EventType& type, const Field& field, const JsonMember& member) {
    if (member.kind == JsonKind::null && field.optional)
        invalid(fmt::format("{} of {} is null: leave it out when there is none", field.name,
                            type.name));
    bool good = false;
    switch (field.type) {
        case FieldType::id:
            good = member.kind == JsonKind::number && util::json_int64(member.value);
            break;
        case FieldType::string:
            good = member.kind == JsonKind::string;
            break;
        case FieldType::choice:
            good = member.kind == JsonKind::string &&
                   is_choice(field, util::json_string(member.value));
            break;
    }
    if (!good) refuse_field(type, field, member.value);
}

void check_fields(const EventType& type, const Body& body) {
    for (const auto& field : type.fields) {
        body.refuse_folded(field.name);
        if (const auto* member = body.find(field.name))
            check_field(type, field, *member);
        else if (!field.optional)
            throw Error(Reason::field_missing, fmt::format("{} of {} is missing; needed is {}",
                                                           field.name, type.name, needed(field)))
                .about(std::string(type.name));
    }
}

void check_custom_topic(std::string_view topic) {
    try {
        check_topic(topic);
    } catch (const Error& error) {
        throw Error(Reason::invalid_event, error.what(), error.hint());
    }
}

// The entry of a known type; nullptr for a custom type. Throws for a type that may not be
// published.
const EventType* check_type(const Catalogue& catalogue, std::string_view type, bool custom) {
    if (const auto* known = catalogue.find(type)) return known;
    if (!custom) {
        const auto near = catalogue.nearest_name(type);
        throw Error(Reason::unknown_event_type, fmt::format("unknown event type '{}'", shown(type)),
                    near.empty() ? "" : fmt::format("did you mean '{}'?", near));
    }
    check_custom_topic(type);
    return nullptr;
}

// The text of an envelope field; nullopt without the field. Throws when the field is not a string.
std::optional<std::string> envelope_text(const Body& body, std::string_view name,
                                         std::string_view need) {
    const auto* member = body.find(name);
    if (member == nullptr) return std::nullopt;
    if (member->kind != JsonKind::string)
        invalid(fmt::format("{} must be {}, not {}", name, need, shown(member->value)));
    return util::json_string(member->value);
}

std::string event_type_of(const Body& body, std::string_view topic, bool& present) {
    auto type = envelope_text(body, "event_type", "a string");
    present = type.has_value();
    if (!type) {
        if (topic.empty())
            throw Error(Reason::topic_missing, "event_type is missing, and no topic is given");
        return std::string(topic);
    }
    if (!topic.empty() && *type != topic)
        invalid(
            fmt::format("event_type is '{}', but the topic is '{}'", shown(*type), shown(topic)));
    return std::move(*type);
}

void append_member(std::string& out, std::string_view name, std::string_view text) {
    util::append_json_string(out, name);
    out += ':';
    util::append_json_string(out, text);
    out += ',';
}

std::optional<std::uint64_t> amqp_seconds(std::int64_t seconds) {
    if (seconds < 0) return std::nullopt;
    return static_cast<std::uint64_t>(seconds);
}

// The JSON text of one `--set` value.
std::string typed_value(const EventType* type, const std::string& name, const std::string& value) {
    if (!util::is_utf8(value))
        invalid(fmt::format("{} is not UTF-8: '{}'", shown(name), shown(value)));
    if (type == nullptr) return util::check_json(value) ? util::quote_json(value) : value;
    for (const auto& field : type->fields) {
        if (field.name != name || field.type != FieldType::id) continue;
        if (!util::is_json_number(value) || !util::json_int64(value))
            refuse_field(*type, field, util::printable(value, 60));
        return value;
    }
    return util::quote_json(value);
}

}  // namespace

Event complete(const Catalogue& catalogue, std::string_view json_body,
               const CompleteOptions& options) {
    const Body body(json_body);
    for (const auto name : {"event_id", "event_type", "timestamp"})
        body.refuse_folded(name);
    bool has_type = false;
    Event event;
    event.type = event_type_of(body, options.topic, has_type);
    const auto* type = check_type(catalogue, event.type, options.custom);

    std::string added;
    if (auto id = envelope_text(body, "event_id", "a UUID")) {
        if (!util::is_uuid(*id))
            invalid(fmt::format("event_id must be a UUID, not '{}'", shown(*id)));
        event.id = std::move(*id);
    } else {
        event.id = options.new_id();
        append_member(added, "event_id", event.id);
    }
    if (!has_type) append_member(added, "event_type", event.type);
    constexpr std::string_view time_needed = "an RFC 3339 time such as 2026-01-31T12:00:00Z";
    if (const auto time = envelope_text(body, "timestamp", time_needed)) {
        // Go's time.Time takes the text between the quotes as it is written.
        if (body.find("timestamp")->value.find('\\') != std::string_view::npos)
            invalid(fmt::format("timestamp must be {}, without escapes, not {}", time_needed,
                                shown(body.find("timestamp")->value)));
        const auto instant = util::scan_rfc3339(*time);
        if (!instant)
            invalid(fmt::format("timestamp must be {}, not '{}'", time_needed, shown(*time)));
        event.timestamp = amqp_seconds(instant->seconds);
    } else {
        const auto now = options.clock->now();
        append_member(added, "timestamp", util::format_rfc3339(now));
        event.timestamp =
            amqp_seconds(std::chrono::floor<std::chrono::seconds>(now.time_since_epoch()).count());
    }
    if (type != nullptr) check_fields(*type, body);
    event.body = body.with(std::move(added));
    return event;
}

Event from_fields(const Catalogue& catalogue, std::string_view type, FieldSettings settings,
                  const CompleteOptions& options) {
    const auto* known = check_type(catalogue, type, options.custom);
    std::string body = "{";
    for (const auto& [name, value] : settings) {
        if (!util::is_utf8(name)) invalid(fmt::format("field name '{}' is not UTF-8", shown(name)));
        if (body.size() > 1) body += ',';
        util::append_json_string(body, name);
        body += ':';
        const bool envelope = name == "event_id" || name == "event_type" || name == "timestamp";
        body += envelope && known == nullptr && util::is_utf8(value)
                    ? util::quote_json(value)
                    : typed_value(known, name, value);
    }
    body += '}';
    auto with_topic = options;
    with_topic.topic = type;
    return complete(catalogue, body, with_topic);
}

Message to_message(Event event, std::string exchange) {
    Message message;
    message.exchange = std::move(exchange);
    message.topic = event.type;
    auto& properties = message.properties;
    properties.content_type = "application/json";
    properties.delivery_mode = 2;
    properties.timestamp = event.timestamp;
    properties.message_id = std::move(event.id);
    properties.type = std::move(event.type);
    properties.app_id = "airy-tools";
    message.body = std::move(event.body);
    return message;
}

}  // namespace airy::event
