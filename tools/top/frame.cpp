// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "top/frame.hpp"

#include <fmt/core.h>

#include "output/table.hpp"
#include "util/text.hpp"

namespace airy::tools::top {
namespace {

std::string keys_line(std::span<const Key> keys, std::size_t width) {
    std::string line;
    for (const auto& key : keys) {
        const auto part = fmt::format("{}{} {}", line.empty() ? "" : "  ", key.name, key.does);
        if (line.size() + part.size() > width) break;
        line += part;
    }
    return line;
}

}  // namespace

Line line_of(std::string_view text, std::size_t width, Line::Style style, Tone tone) {
    return {output::cut_to(text, width), style, tone};
}

Line foot(const Surroundings& around, std::span<const Key> keys, std::size_t width) {
    if (around.message.empty()) return line_of(keys_line(keys, width), width, Line::Style::quiet);
    return line_of(util::printable(around.message, 1000), width, Line::Style::title,
                   around.question ? Tone::warning : Tone::plain);
}

std::string justified(const std::string& left, const std::string& right, std::size_t width) {
    const auto used = output::display_width(left) + output::display_width(right) + 2;
    if (used > width) return left;
    return left + std::string(width - used + 2, ' ') + right;
}

}  // namespace airy::tools::top
