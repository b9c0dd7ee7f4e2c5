// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace airy::util {

// JSON as text: numbers stay the digits that were written and never become doubles.

enum class JsonKind : std::uint8_t { null, boolean, number, string, array, object };

// The first mistake in a text: its place (bytes from 0) and, in words, its kind.
struct JsonFault {
    std::size_t position = 0;
    const char* what = "";
};

// One member of an object or element of an array (then `key` is empty), as views of the text.
struct JsonMember {
    std::string_view key;  // between its quotes, escapes as written
    bool key_escaped = false;
    JsonKind kind = JsonKind::null;
    std::string_view value;  // the whole text of the value; strings with their quotes
};

// Nesting deeper than this is a fault.
inline constexpr std::size_t json_depth_limit = 512;

// Checks one JSON text (RFC 8259, UTF-8 checked, no unpaired surrogate escapes, whitespace around
// it allowed) in one pass. Duplicate names are not a fault here. nullopt: it is valid.
std::optional<JsonFault> check_json(std::string_view text, std::size_t depth = json_depth_limit);

// The same, and puts the kind of the value into `kind`, and the members of an object or the
// elements of an array into `members` (cleared first; empty for a scalar).
std::optional<JsonFault> scan_json(std::string_view text, JsonKind& kind,
                                   std::vector<JsonMember>& members,
                                   std::size_t depth = json_depth_limit);

// The kind of a valid value, by its first character.
JsonKind json_kind(std::string_view value) noexcept;

// The text of a valid JSON string, between its quotes, with its escapes resolved.
std::string json_unescape(std::string_view raw);

// The text of a valid JSON string with its quotes.
std::string json_string(std::string_view value);

// Appends `text`, which must be UTF-8, as a JSON string: only `"`, `\` and control characters are
// escaped.
void append_json_string(std::string& out, std::string_view text);
std::string quote_json(std::string_view text);

// The same for any bytes, such as a name from a command line: a text that is not UTF-8 appears as
// printable() shows it, up to 1,000 columns.
std::string quote_any_json(std::string_view text);

// The value of a JSON number that is an integer within 64 bits: no fraction, no exponent.
std::optional<std::int64_t> json_int64(std::string_view number) noexcept;

// Whether the text is a JSON number and nothing else.
bool is_json_number(std::string_view text) noexcept;

}  // namespace airy::util
