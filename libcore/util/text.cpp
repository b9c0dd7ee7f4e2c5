// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "util/text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

namespace airy::util {
namespace {

// The code point of a well-formed character of `length` bytes.
char32_t code_point(std::string_view text, std::size_t at, std::size_t length) noexcept {
    constexpr std::array<unsigned, 5> lead_bits{0, 0x7F, 0x1F, 0x0F, 0x07};
    char32_t value = static_cast<unsigned char>(text[at]) & lead_bits[length];
    for (std::size_t i = 1; i < length; ++i)
        value = (value << 6) | (static_cast<unsigned char>(text[at + i]) & 0x3FU);
    return value;
}

// Characters that are invisible, or change the direction or the line breaks of the text around
// them.
bool is_deceptive(char32_t c) noexcept {
    return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0xAD || c == 0x61C || c == 0x180E ||
           (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) ||
           (c >= 0x2060 && c <= 0x206F) || c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFB) ||
           (c >= 0xE0000 && c <= 0xE007F);
}

constexpr char base64_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr auto base64_values = [] {
    std::array<std::int8_t, 256> values{};
    values.fill(-1);
    for (int i = 0; i < 64; ++i)
        values[static_cast<unsigned char>(base64_alphabet[i])] = static_cast<std::int8_t>(i);
    return values;
}();

}  // namespace

bool equal_folded(std::string_view text, std::string_view name) noexcept {
    const auto lower = [](char c) noexcept {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    for (const char c : name) {
        if (text.empty()) return false;
        const char wanted = lower(c);
        if (lower(text.front()) == wanted)
            text.remove_prefix(1);
        else if (wanted == 's' && text.starts_with("\xC5\xBF"))  // U+017F
            text.remove_prefix(2);
        else if (wanted == 'k' && text.starts_with("\xE2\x84\xAA"))  // U+212A
            text.remove_prefix(3);
        else
            return false;
    }
    return text.empty();
}

std::size_t utf8_length(std::string_view text) noexcept {
    const auto byte = [&](std::size_t i) noexcept -> unsigned {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
    };
    const auto follows = [&](std::size_t i) noexcept { return (byte(i) & 0xC0U) == 0x80U; };
    const unsigned lead = byte(0);
    if (lead < 0x80) return 1;
    if (lead < 0xC2) return 0;
    if (lead < 0xE0) return follows(1) ? 2 : 0;
    if (lead < 0xF0) {
        const unsigned low = lead == 0xE0 ? 0xA0 : 0x80;   // not overlong
        const unsigned high = lead == 0xED ? 0x9F : 0xBF;  // no surrogates
        return byte(1) >= low && byte(1) <= high && follows(2) ? 3 : 0;
    }
    if (lead > 0xF4) return 0;
    const unsigned low = lead == 0xF0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xF4 ? 0x8F : 0xBF;  // at most U+10FFFF
    return byte(1) >= low && byte(1) <= high && follows(2) && follows(3) ? 4 : 0;
}

bool is_utf8(std::string_view text) noexcept {
    std::size_t i = 0;
    while (i < text.size()) {
        std::uint64_t eight;
        while (i + sizeof eight <= text.size()) {
            std::memcpy(&eight, text.data() + i, sizeof eight);
            if ((eight & 0x8080808080808080U) != 0) break;
            i += sizeof eight;
        }
        if (i == text.size()) break;
        const auto length = utf8_length(text.substr(i));
        if (length == 0) return false;
        i += length;
    }
    return true;
}

std::string base64_encode(std::string_view bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const auto have = std::min<std::size_t>(3, bytes.size() - i);
        std::uint32_t three = 0;
        for (std::size_t k = 0; k < 3; ++k)
            three = (three << 8) | (k < have ? static_cast<unsigned char>(bytes[i + k]) : 0U);
        for (std::size_t k = 0; k < 4; ++k)
            text += k <= have ? base64_alphabet[(three >> (18 - 6 * k)) & 0x3FU] : '=';
    }
    return text;
}

std::optional<std::string> base64_decode(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
    text.remove_suffix(padding);
    std::string bytes;
    bytes.reserve(text.size() * 3 / 4);
    std::uint32_t held = 0;
    unsigned bits = 0;
    for (const char c : text) {
        const auto value = base64_values[static_cast<unsigned char>(c)];
        if (value < 0) return std::nullopt;
        held = (held << 6) | static_cast<std::uint32_t>(value);
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes += static_cast<char>((held >> bits) & 0xFFU);
        }
    }
    if ((held & ((1U << bits) - 1)) != 0) return std::nullopt;
    return bytes;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    // Three rows of the table of the optimal string alignment distance.
    std::vector<std::size_t> before(b.size() + 1);
    std::vector<std::size_t> last(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
        last[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            row[j] = std::min(
                {last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
        before.swap(last);
        last.swap(row);
    }
    return last[b.size()];
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates) {
    std::string_view best;
    // A third of the word may be wrong: more is another word.
    auto least = std::max<std::size_t>(1, word.size() / 3) + 1;
    for (const auto candidate : candidates) {
        if (word.empty() || word.size() > candidate.size() + least) continue;
        const auto distance = edit_distance(word, candidate);
        if (distance < least) {
            least = distance;
            best = candidate;
        }
    }
    return best;
}

std::string printable(std::string_view text, std::size_t limit) {
    std::string out;
    for (std::size_t i = 0; i < text.size();) {
        if (out.size() >= limit) return out += "…";
        const auto length = utf8_length(text.substr(i));
        const char c = text[i];
        if (length == 0) {
            out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
            ++i;
            continue;
        }
        const auto point = code_point(text, i, length);
        if (c == '\n') {
            out += "\\n";
        } else if (c == '\r') {
            out += "\\r";
        } else if (c == '\t') {
            out += "\\t";
        } else if (is_deceptive(point)) {
            out += point < 0x80 ? fmt::format("\\x{:02x}", static_cast<unsigned>(point))
                                : fmt::format("\\u{{{:x}}}", static_cast<unsigned>(point));
        } else {
            out.append(text, i, length);
        }
        i += length;
    }
    return out;
}

}  // namespace airy::util
