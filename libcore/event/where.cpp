// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "event/where.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/regex.hpp>
#include <compare>
#include <optional>
#include <utility>

#include "event/message_field.hpp"
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

[[noreturn]] void refuse(std::string_view text, std::size_t position, std::string_view why) {
    throw Error(ErrorKind::usage,
                fmt::format("'{}' is not a condition: at character {}, {}", util::printable(text),
                            position + 1, why),
                "conditions are field=value, field!=value, field~regex, field!~regex, field>n, "
                "field<n, field>=n, field<=n");
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
    explicit Condition(std::string_view name) : field(name) {}

    MessageField field;
    Op op = Op::equal;
    std::string operand;
    bool operand_is_number = false;
    std::optional<util::Instant> operand_time;
    boost::regex regex;

    // The order of value and operand; nullopt when the two do not compare.
    std::optional<std::strong_ordering> compare(const FieldValue& value) const {
        if (operand_is_number && (value.is_number() || util::is_json_number(value.text)))
            return util::compare_decimals(value.text, operand);
        if (!operand_time || value.is_number()) return std::nullopt;
        const auto time = util::scan_rfc3339(value.text);
        if (!time) return std::nullopt;
        const auto seconds = time->seconds <=> operand_time->seconds;
        return seconds != 0 ? seconds : time->nanoseconds <=> operand_time->nanoseconds;
    }

    bool equal(const FieldValue& value) const {
        if (value.text == operand) return true;
        // Strings compare as text: "042" is not 42.
        if (operand_is_number && !value.is_number()) return false;
        return compare(value) == std::strong_ordering::equal;
    }

    bool found(const FieldValue& value) const {
        try {
            return boost::regex_search(value.text, regex);
        } catch (const std::runtime_error&) {
            return false;  // Boost gives up: the pattern takes too many steps
        }
    }

    bool holds(const FieldValue& value) const {
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

    auto condition = std::make_unique<Condition>(name);
    if (const auto unknown = condition->field.unknown_property())
        refuse(text, 11, fmt::format("'{}' is not an AMQP property", *unknown));
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
    const auto value = condition_->field.find(message, queue);
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
