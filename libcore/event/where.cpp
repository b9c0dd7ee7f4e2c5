// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "event/where.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/regex.hpp>
#include <compare>
#include <concepts>
#include <optional>
#include <utility>
#include <variant>

#include "util/decimal.hpp"
#include "util/error.hpp"
#include "util/json_text.hpp"
#include "util/text.hpp"
#include "util/timestamp.hpp"

namespace airy::event {
namespace {

enum class Op { equal, not_equal, match, no_match, greater, less, at_least, at_most };

struct OpText {
    std::string_view text;
    Op op;
};

// Where one operator begins with another, the longer comes first.
constexpr std::array operators{
    OpText{"!=", Op::not_equal}, OpText{"!~", Op::no_match}, OpText{">=", Op::at_least},
    OpText{"<=", Op::at_most},   OpText{"=", Op::equal},     OpText{"~", Op::match},
    OpText{">", Op::greater},    OpText{"<", Op::less},
};

bool is_ordering(Op op) {
    return op == Op::greater || op == Op::less || op == Op::at_least || op == Op::at_most;
}

// The value of a field: the digits of a number, or text (of a string; else the JSON text).
struct Value {
    bool number = false;
    std::string text;
};

[[noreturn]] void refuse(std::string_view text, std::size_t position, std::string_view why) {
    throw Error(ErrorKind::usage,
                fmt::format("'{}' is not a condition: at character {}, {}", util::printable(text),
                            position + 1, why),
                "conditions are field=value, field!=value, field~regex, field!~regex, field>n, "
                "field<n, field>=n, field<=n");
}

Value json_value(std::string_view text) {
    switch (util::json_kind(text)) {
        case util::JsonKind::number:
            return {true, std::string(text)};
        case util::JsonKind::string:
            return {false, util::json_string(text)};
        default:
            return {false, std::string(text)};
    }
}

// The value at the dotted path in a JSON text. Names may hold dots; elements of arrays have their
// number as name.
std::optional<Value> find_in_json(std::string_view text, std::string_view path) {
    std::vector<util::JsonMember> members;
    util::JsonKind kind = util::JsonKind::null;
    if (util::scan_json(text, kind, members)) return std::nullopt;
    for (std::size_t i = 0; i < members.size(); ++i) {
        const auto& member = members[i];
        std::string name(member.key);
        if (kind == util::JsonKind::array)
            name = std::to_string(i);
        else if (member.key_escaped)
            name = util::json_unescape(member.key);
        if (path == name) return json_value(member.value);
        if (!path.starts_with(name) || path[name.size()] != '.') continue;
        if (auto found = find_in_json(member.value, path.substr(name.size() + 1))) return found;
    }
    return std::nullopt;
}

std::optional<Value> find_in_table(const HeaderTable& table, std::string_view path);
std::optional<Value> find_in_array(const HeaderArray& array, std::string_view path);

struct HeaderText {
    std::optional<Value> operator()(std::monostate) const { return Value{false, "null"}; }
    std::optional<Value> operator()(bool v) const { return Value{false, v ? "true" : "false"}; }
    std::optional<Value> operator()(std::integral auto v) const {
        return Value{true, std::to_string(v)};
    }
    std::optional<Value> operator()(std::floating_point auto v) const {
        auto text = fmt::format("{}", v);
        return Value{util::is_json_number(text), std::move(text)};
    }
    std::optional<Value> operator()(const HeaderDecimal& v) const {
        return Value{true, fmt::format("{}e-{}", v.value, v.scale)};
    }
    std::optional<Value> operator()(const std::string& v) const { return Value{false, v}; }
    std::optional<Value> operator()(const HeaderBytes& v) const { return Value{false, v.bytes}; }
    std::optional<Value> operator()(const HeaderTimestamp& v) const {
        return Value{true, std::to_string(v.seconds)};
    }
    // Tables and arrays only lead to values; they are none.
    std::optional<Value> operator()(const HeaderArray&) const { return std::nullopt; }
    std::optional<Value> operator()(const HeaderTable&) const { return std::nullopt; }
};

std::optional<Value> find_in_header(const HeaderValue& header, std::string_view path) {
    if (path.empty()) return std::visit(HeaderText{}, header.value);
    if (const auto* table = std::get_if<HeaderTable>(&header.value))
        return find_in_table(*table, path);
    if (const auto* array = std::get_if<HeaderArray>(&header.value))
        return find_in_array(*array, path);
    return std::nullopt;
}

std::optional<Value> find_named(std::string_view name, const HeaderValue& header,
                                std::string_view path) {
    if (path == name) return find_in_header(header, {});
    if (!path.starts_with(name) || path[name.size()] != '.' || path.size() == name.size() + 1)
        return std::nullopt;
    return find_in_header(header, path.substr(name.size() + 1));
}

std::optional<Value> find_in_table(const HeaderTable& table, std::string_view path) {
    for (const auto& [name, header] : table)
        if (auto found = find_named(name, header, path)) return found;
    return std::nullopt;
}

std::optional<Value> find_in_array(const HeaderArray& array, std::string_view path) {
    for (std::size_t i = 0; i < array.size(); ++i)
        if (auto found = find_named(std::to_string(i), array[i], path)) return found;
    return std::nullopt;
}

// A property by its AMQP name; `known`: AMQP has such a property, be it absent or not.
std::optional<Value> find_property(const Properties& p, std::string_view name, bool& known) {
    known = true;
    const auto text = [](const std::optional<std::string>& value) -> std::optional<Value> {
        if (!value) return std::nullopt;
        return Value{false, *value};
    };
    const auto number = [](const auto& value) -> std::optional<Value> {
        if (!value) return std::nullopt;
        return Value{true, std::to_string(*value)};
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

enum class Place { topic, exchange, queue, property, header, body };

struct FieldPath {
    Place place = Place::body;
    std::string path;
};

FieldPath parse_field(std::string_view text, std::string_view name) {
    if (name == "topic") return {Place::topic, {}};
    if (name == "exchange") return {Place::exchange, {}};
    if (name == "queue") return {Place::queue, {}};
    const auto after = [&](std::string_view prefix) -> std::optional<std::string_view> {
        if (!name.starts_with(prefix) || name.size() == prefix.size()) return std::nullopt;
        return name.substr(prefix.size());
    };
    if (const auto path = after("properties.")) {
        bool known = false;
        (void)find_property({}, *path, known);
        if (!known) refuse(text, 11, fmt::format("'{}' is not an AMQP property", *path));
        return {Place::property, std::string(*path)};
    }
    if (const auto path = after("headers.")) return {Place::header, std::string(*path)};
    if (const auto path = after("body.")) return {Place::body, std::string(*path)};
    return {Place::body, std::string(name)};
}

std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' '))
        text.remove_prefix(1);
    while (text.ends_with(' '))
        text.remove_suffix(1);
    return text;
}

}  // namespace

struct Where::Condition {
    FieldPath field;
    Op op = Op::equal;
    std::string operand;
    bool operand_is_number = false;
    std::optional<util::Instant> operand_time;
    boost::regex regex;

    std::optional<Value> find(const Message& message, std::string_view queue) const {
        bool known = false;
        switch (field.place) {
            case Place::topic:
                return Value{false, message.topic};
            case Place::exchange:
                return Value{false, message.exchange};
            case Place::queue:
                return Value{false, std::string(queue)};
            case Place::property:
                return find_property(message.properties, field.path, known);
            case Place::header:
                return find_in_table(message.headers, field.path);
            case Place::body:
                break;
        }
        return find_in_json(message.body, field.path);
    }

    // The order of value and operand; nullopt when the two do not compare.
    std::optional<std::strong_ordering> compare(const Value& value) const {
        if (operand_is_number && (value.number || util::is_json_number(value.text)))
            return util::compare_decimals(value.text, operand);
        if (!operand_time || value.number) return std::nullopt;
        const auto time = util::scan_rfc3339(value.text);
        if (!time) return std::nullopt;
        const auto seconds = time->seconds <=> operand_time->seconds;
        return seconds != 0 ? seconds : time->nanoseconds <=> operand_time->nanoseconds;
    }

    bool equal(const Value& value) const {
        if (value.text == operand) return true;
        // Strings compare as text: "042" is not 42.
        if (operand_is_number && !value.number) return false;
        return compare(value) == std::strong_ordering::equal;
    }

    bool found(const Value& value) const {
        try {
            return boost::regex_search(value.text, regex);
        } catch (const std::runtime_error&) {
            return false;  // Boost gives up: the pattern takes too many steps
        }
    }

    bool holds(const Value& value) const {
        switch (op) {
            case Op::equal:
                return equal(value);
            case Op::not_equal:
                return !equal(value);
            case Op::match:
                return found(value);
            case Op::no_match:
                return !found(value);
            default:
                break;
        }
        const auto order = compare(value);
        if (!order) return false;
        switch (op) {
            case Op::greater:
                return *order > 0;
            case Op::less:
                return *order < 0;
            case Op::at_least:
                return *order >= 0;
            default:
                return *order <= 0;
        }
    }
};

Where::Where(std::string_view text) {
    const auto at = text.find_first_of("=!~<>");
    if (at == std::string_view::npos) refuse(text, text.size(), "an operator is missing");
    const auto name = trimmed(text.substr(0, at));
    if (name.empty()) refuse(text, at, "the field is missing");
    const auto rest = text.substr(at);
    const auto* op = std::find_if(operators.begin(), operators.end(),
                                  [&](const OpText& o) { return rest.starts_with(o.text); });
    if (op == operators.end()) refuse(text, at + 1, "'!' must be followed by '=' or '~'");
    auto operand = rest.substr(op->text.size());
    const auto operand_at = at + op->text.size();
    const bool regex = op->op == Op::match || op->op == Op::no_match;
    if (!regex && operand.starts_with('=')) refuse(text, operand_at, "there is one '=' too many");

    auto condition = std::make_unique<Condition>();
    condition->field = parse_field(text, name);
    condition->op = op->op;
    if (is_ordering(op->op)) operand = trimmed(operand);
    condition->operand = operand;
    condition->operand_is_number = util::is_json_number(operand);
    condition->operand_time = util::scan_rfc3339(operand);
    if (is_ordering(op->op) && !condition->operand_is_number && !condition->operand_time)
        refuse(text, operand_at, "a number or an RFC 3339 time is needed");
    if (regex) {
        try {
            condition->regex.assign(condition->operand, boost::regex::perl);
        } catch (const boost::regex_error& error) {
            refuse(text,
                   operand_at +
                       static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, error.position())),
                   "the regular expression is not valid");
        }
    }
    condition_ = std::move(condition);
}

Where::Where(Where&&) noexcept = default;
Where& Where::operator=(Where&&) noexcept = default;
Where::~Where() = default;

bool Where::matches(const Message& message, std::string_view queue) const {
    const auto value = condition_->find(message, queue);
    if (!value) return condition_->op == Op::not_equal || condition_->op == Op::no_match;
    return condition_->holds(*value);
}

Where parse_where(std::string_view text) {
    return Where(text);
}

bool all_match(const std::vector<Where>& conditions, const Message& message,
               std::string_view queue) {
    return std::all_of(conditions.begin(), conditions.end(),
                       [&](const Where& condition) { return condition.matches(message, queue); });
}

}  // namespace airy::event
