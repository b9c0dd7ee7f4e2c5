// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "publish/header_option.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>

#include "event/header_json.hpp"
#include "util/error.hpp"
#include "util/json_text.hpp"
#include "util/text.hpp"
#include "util/timestamp.hpp"

namespace airy::tools::publish {
namespace {

// JSON of the message line: the text of the value, and the name of its type there, if it needs one.
struct LineValue {
    std::string text;
    std::string_view type;
};
using Convert = std::optional<LineValue> (*)(std::string_view value, std::string_view type);

std::optional<LineValue> number(std::string_view value, std::string_view type) {
    if (!util::is_json_number(value)) return std::nullopt;
    return LineValue{std::string(value), type};
}

std::optional<LineValue> text(std::string_view value, std::string_view) {
    if (!util::is_utf8(value))
        return LineValue{util::quote_json(util::base64_encode(value)), "base64"};
    return LineValue{util::quote_json(value), {}};
}

std::optional<LineValue> boolean(std::string_view value, std::string_view) {
    if (value != "true" && value != "false") return std::nullopt;
    return LineValue{std::string(value), {}};
}

std::optional<LineValue> bytes(std::string_view value, std::string_view type) {
    if (!util::base64_decode(value)) return std::nullopt;
    return LineValue{util::quote_json(value), type};
}

std::optional<LineValue> timestamp(std::string_view value, std::string_view type) {
    if (const auto time = util::scan_rfc3339(value)) {
        if (time->seconds < 0) return std::nullopt;
        return LineValue{std::to_string(time->seconds), type};
    }
    return number(value, type);
}

// No sign: AMQP's decimals have an unsigned value.
std::optional<LineValue> decimal(std::string_view value, std::string_view type) {
    const auto point = value.find('.');
    const auto fraction = point == value.npos ? std::string_view{} : value.substr(point + 1);
    std::string digits(value.substr(0, point));
    digits += fraction;
    std::uint32_t whole = 0;
    const char* const end = digits.data() + digits.size();
    const auto [rest, error] = std::from_chars(digits.data(), end, whole);
    if (error != std::errc() || rest != end || value.ends_with('.') || value.starts_with('.') ||
        fraction.size() > std::numeric_limits<std::uint8_t>::max())
        return std::nullopt;
    return LineValue{fmt::format(R"({{"value":{},"scale":{}}})", whole, fraction.size()), type};
}

std::optional<LineValue> nothing(std::string_view value, std::string_view) {
    if (!value.empty()) return std::nullopt;
    return LineValue{"null", {}};
}

std::optional<LineValue> json(std::string_view value, std::string_view) {
    if (util::check_json(value)) return std::nullopt;
    return LineValue{std::string(value), {}};
}

struct Type {
    std::string_view name;
    std::string_view needs;
    Convert convert;
    std::string_view of_line;
};

constexpr Type types[] = {
    {"string", "text", text, {}},
    {"int", "an integer of 64 bits", number, "int64"},
    {"int8", "an integer of 8 bits", number, "int8"},
    {"int16", "an integer of 16 bits", number, "int16"},
    {"int32", "an integer of 32 bits", number, "int32"},
    {"int64", "an integer of 64 bits", number, "int64"},
    {"uint8", "an integer from 0, of 8 bits", number, "uint8"},
    {"uint16", "an integer from 0, of 16 bits", number, "uint16"},
    {"uint32", "an integer from 0, of 32 bits", number, "uint32"},
    {"uint64", "an integer from 0, of 64 bits", number, "uint64"},
    {"float", "a number up to 3.4e38", number, "float"},
    {"double", "a number up to 1.79e308", number, "double"},
    {"decimal", "digits such as 12.50, up to 4294967295 without the point", decimal, "decimal"},
    {"bool", "true or false", boolean, {}},
    {"timestamp", "seconds since 1970, or a time such as 2026-01-31T12:00:00Z", timestamp,
     "timestamp"},
    {"bytes", "base64", bytes, "bytes"},
    {"void", "no value", nothing, {}},
    {"json", "JSON", json, {}},
};

const Type& type_of(std::string_view name, const std::string& option) {
    const auto* const found = std::ranges::find(types, name, &Type::name);
    if (found != std::end(types)) return *found;
    std::string known;
    for (const auto& type : types)
        known += (known.empty() ? "" : " ") + std::string(type.name);
    throw Error(ErrorKind::usage,
                fmt::format("--header '{}': there is no type '{}'", util::printable(option),
                            util::printable(name, 40)),
                fmt::format("types: {}; a name with a colon: NAME:string=VALUE", known));
}

// Throws event::LineFault for a value of the right form that no header takes, such as a number that
// does not fit.
std::optional<event::HeaderValue> value_of(const Type& type, std::string_view value) {
    const auto line = type.convert(value, type.of_line);
    if (!line) return std::nullopt;
    const auto headers = fmt::format(R"({{"v":{}}})", line->text);
    const auto of_line =
        line->type.empty() ? std::string() : fmt::format(R"({{"/v":"{}"}})", line->type);
    event::Message message;
    event::read_headers(message, headers, of_line);
    return std::move(message.headers.front().second);
}

}  // namespace

event::HeaderField header_of(const std::string& option) {
    const auto equals = option.find('=');
    if (equals == std::string::npos || equals == 0)
        throw Error(ErrorKind::usage, fmt::format("--header '{}' is not NAME=VALUE or "
                                                  "NAME:TYPE=VALUE",
                                                  util::printable(option)));
    const std::string_view value = std::string_view(option).substr(equals + 1);
    const auto colon = option.rfind(':', equals);
    if (colon == std::string::npos)
        return {option.substr(0, equals), event::HeaderValue{std::string(value)}};
    const auto& type =
        type_of(std::string_view(option).substr(colon + 1, equals - colon - 1), option);
    if (colon == 0)
        throw Error(ErrorKind::usage,
                    fmt::format("--header '{}' has no name", util::printable(option)));
    const auto wrong = [&](std::string_view why) {
        return Error(ErrorKind::usage,
                     fmt::format("--header '{}': '{}' {}", util::printable(option),
                                 util::printable(value, 60), why));
    };
    std::optional<event::HeaderValue> read;
    try {
        read = value_of(type, value);
    } catch (const event::LineFault& fault) {
        // JSON that is right may have a number too large for AMQP; of the others, `needs` tells
        // all.
        if (type.name == "json") throw wrong(fmt::format("cannot be a header: {}", fault.what()));
    }
    if (!read) throw wrong(fmt::format("is not {}", type.needs));
    return {option.substr(0, colon), std::move(*read)};
}

}  // namespace airy::tools::publish
