// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "util/json_writer.hpp"

#include <fmt/format.h>

#include <cmath>
#include <iterator>

#include "util/json_text.hpp"
#include "util/text.hpp"

namespace airy::util {

void append_json(std::string& out, std::string_view text) {
    if (is_utf8(text))
        append_json_string(out, text);
    else
        out += quote_any_json(text);
}

void append_json(std::string& out, std::nullptr_t) {
    out += "null";
}

void append_json(std::string& out, double number) {
    if (std::isfinite(number))
        fmt::format_to(std::back_inserter(out), "{}", number);
    else
        append_json(out, nullptr);
}

void append_json(std::string& out, JsonFixed number) {
    if (std::isfinite(number.value))
        fmt::format_to(std::back_inserter(out), "{:.{}f}", number.value, number.digits);
    else
        append_json(out, nullptr);
}

void append_json(std::string& out, JsonRaw json) {
    out += json.text;
}

void append_json_integer(std::string& out, std::int64_t number) {
    const fmt::format_int digits(number);
    out.append(digits.data(), digits.size());
}

void append_json_integer(std::string& out, std::uint64_t number) {
    const fmt::format_int digits(number);
    out.append(digits.data(), digits.size());
}

void JsonObject::begin_member(std::string_view key) {
    if (text_.size() > 1) text_ += ',';
    append_json(text_, key);
    text_ += ':';
}

}  // namespace airy::util
