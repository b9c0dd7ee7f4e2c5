// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace airy::util {

// Well-formed UTF-8 as Unicode 15 table 3-7 has it: no surrogates, nothing overlong.
bool is_utf8(std::string_view text) noexcept;

// How many bytes at the front of `text` are one well-formed character; 0 where they are none.
std::size_t utf8_length(std::string_view text) noexcept;

// RFC 4648 section 4, with padding. Decoding is strict: nullopt for a wrong length, a foreign
// character, misplaced padding or bits left over.
std::string base64_encode(std::string_view bytes);
std::optional<std::string> base64_decode(std::string_view text);

// How many insertions, deletions, replacements and swaps of neighbours turn one into the other.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The candidate nearest to `word`, or an empty view when none is near enough to be what was meant.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

// Text from outside as it may be shown in one line on a terminal: control characters, invalid
// UTF-8 and invisible or direction-changing characters as escapes, cut after about `limit` bytes
// with `…`.
std::string printable(std::string_view text, std::size_t limit = 200);

}  // namespace airy::util
