// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace airy::util {

// Whether the text is well-formed UTF-8 (Unicode 15 table 3-7): no surrogates, no overlong forms.
bool is_utf8(std::string_view text) noexcept;

// The length in bytes of the first character of `text`; 0 where it is not well-formed.
std::size_t utf8_length(std::string_view text) noexcept;

// Whether `text` is `name`, which is ASCII, but for case: equal under Unicode's simple folding, as
// Go's encoding/json compares names. Beside A-Z these are U+017F (a long s) and U+212A (Kelvin).
bool equal_folded(std::string_view text, std::string_view name) noexcept;

// RFC 4648 section 4, with padding. Decoding is strict: nullopt for a wrong length, a foreign
// character, misplaced padding or bits left over.
std::string base64_encode(std::string_view bytes);
std::optional<std::string> base64_decode(std::string_view text);

// The number of insertions, deletions, replacements and swaps of neighbours between both texts.
std::size_t edit_distance(std::string_view a, std::string_view b);

// The candidate nearest to `word`, or an empty view when none is near enough.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

// Text from outside, safe to show in one line on a terminal: control characters, invalid UTF-8 and
// invisible or direction-changing characters become escapes; cut after about `limit` bytes with
// `…`.
std::string printable(std::string_view text, std::size_t limit = 200);

}  // namespace airy::util
