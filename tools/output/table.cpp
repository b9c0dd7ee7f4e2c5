// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "output/table.hpp"

#include <algorithm>

#include "util/text.hpp"

namespace airy::tools::output {
namespace {

constexpr std::string_view gap = "  ";
constexpr std::size_t comfortable = 16;   // columns; text is not cut below while others can go
constexpr std::size_t narrowest = 4;      // columns of a cut text
constexpr std::size_t cell_limit = 4096;  // bytes

struct Range {
    char32_t first;
    char32_t last;
};

// The blocks that Unicode's EastAsianWidth.txt has as wide or fullwidth, emoji among them.
constexpr Range wide[] = {
    {0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0xa4cf},  {0xa960, 0xa97c}, {0xac00, 0xd7a3},
    {0xf900, 0xfaff},   {0xfe30, 0xfe6f},   {0xff00, 0xff60},  {0xffe0, 0xffe6}, {0x1f300, 0x1f64f},
    {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};
constexpr Range combining[] = {
    {0x300, 0x36f}, {0x1ab0, 0x1aff}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}};

template <std::size_t N>
bool within(const Range (&ranges)[N], char32_t c) noexcept {
    return std::ranges::any_of(ranges, [c](const Range& r) { return c >= r.first && c <= r.last; });
}

// Removes one character from the front; the text is well-formed.
char32_t take_character(std::string_view& text) noexcept {
    const auto byte = [&](std::size_t i) {
        return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
    };
    const auto lead = byte(0);
    std::size_t size = 1;
    char32_t c = lead;
    if (lead >= 0xf0) {
        size = 4;
        c = lead & 0x07;
    } else if (lead >= 0xe0) {
        size = 3;
        c = lead & 0x0f;
    } else if (lead >= 0xc0) {
        size = 2;
        c = lead & 0x1f;
    }
    for (std::size_t i = 1; i < size; ++i)
        c = (c << 6) | (byte(i) & 0x3f);
    text.remove_prefix(std::min(size, text.size()));
    return c;
}

std::size_t character_width(char32_t c) noexcept {
    if (within(combining, c)) return 0;
    return within(wide, c) ? 2 : 1;
}

std::size_t total(const std::vector<std::size_t>& widths) {
    std::size_t sum = 0;
    for (const auto width : widths)
        if (width > 0) sum += width + (sum > 0 ? gap.size() : 0);
    return sum;
}

void append_line(std::string& out, const std::vector<Column>& columns,
                 const std::vector<std::size_t>& widths, const std::vector<std::string>& cells) {
    std::string line;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (widths[i] == 0) continue;
        if (!line.empty()) line += gap;
        const auto cell = cut_to(cells[i], widths[i]);
        const std::string padding(widths[i] - display_width(cell), ' ');
        line += columns[i].align == Align::right ? padding + cell : cell + padding;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line;
    out += '\n';
}

}  // namespace

std::size_t display_width(std::string_view text) noexcept {
    std::size_t width = 0;
    while (!text.empty())
        width += character_width(take_character(text));
    return width;
}

std::string cut_to(std::string_view text, std::size_t width) {
    if (display_width(text) <= width) return std::string(text);
    if (width == 0) return {};
    std::size_t used = 0;
    std::string_view rest = text;
    while (true) {
        std::string_view next = rest;
        used += character_width(take_character(next));
        if (used > width - 1) break;
        rest = next;
    }
    return std::string(text.substr(0, text.size() - rest.size())) + "…";
}

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

void Table::add(std::vector<std::string> cells) {
    cells.resize(columns_.size());
    for (auto& cell : cells)
        cell = util::printable(cell, cell_limit);
    rows_.push_back(std::move(cells));
}

// 0 for a hidden column.
std::vector<std::size_t> Table::widths(std::size_t limit) const {
    std::vector<std::size_t> widths(columns_.size());
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        widths[i] = std::max<std::size_t>(1, display_width(columns_[i].title));
        for (const auto& row : rows_)
            widths[i] = std::max(widths[i], display_width(row[i]));
    }
    if (limit == 0) return widths;

    // Columns are hidden by the width that is left after cutting all text to the comfortable width.
    auto cut = widths;
    for (std::size_t i = 0; i < columns_.size(); ++i)
        if (columns_[i].align == Align::left)
            cut[i] = std::min(cut[i], std::max(comfortable, display_width(columns_[i].title)));
    while (total(cut) > limit) {
        const auto worst =
            std::ranges::max_element(columns_, {}, [&cut, this](const Column& column) {
                return cut[static_cast<std::size_t>(&column - columns_.data())] > 0 ? column.rank
                                                                                    : 0;
            });
        const auto i = static_cast<std::size_t>(worst - columns_.begin());
        if (worst->rank == 0 || cut[i] == 0) break;
        cut[i] = widths[i] = 0;
    }
    while (total(widths) > limit) {
        std::size_t widest = columns_.size();
        for (std::size_t i = 0; i < columns_.size(); ++i)
            if (columns_[i].align == Align::left && widths[i] > narrowest &&
                (widest == columns_.size() || widths[i] > widths[widest]))
                widest = i;
        if (widest == columns_.size()) break;
        --widths[widest];
    }
    return widths;
}

std::string Table::text(std::size_t width) const {
    std::string out;
    if (rows_.empty()) return out;
    const auto fitted = widths(width);
    std::vector<std::string> titles;
    for (const auto& column : columns_)
        titles.push_back(column.title);
    append_line(out, columns_, fitted, titles);
    for (const auto& row : rows_)
        append_line(out, columns_, fitted, row);
    return out;
}

}  // namespace airy::tools::output
