// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace airy::tools::output {

enum class Align { left, right };

struct Column {
    std::string title;
    Align align = Align::left;
    int rank = 0;  // where the table is too wide the highest goes first; 0 always stays
};

// Columns of text with a title line, for people. Cells are shown in one line each, and cannot move
// the cursor.
class Table {
  public:
    explicit Table(std::vector<Column> columns);

    void add(std::vector<std::string> cells);
    bool empty() const noexcept { return rows_.empty(); }

    // Lines of at most `width` columns of a terminal: columns are left out by their rank, then text
    // is cut with `…`. 0: as wide as it is. Nothing without rows.
    std::string text(std::size_t width = 0) const;

  private:
    std::vector<std::size_t> widths(std::size_t limit) const;

    std::vector<Column> columns_;
    std::vector<std::vector<std::string>> rows_;
};

// Columns of a terminal that well-formed UTF-8 takes: two for East Asian wide characters, none for
// combining marks.
std::size_t display_width(std::string_view text) noexcept;

// The text, or so much of its begin that it fits with a `…` behind it.
std::string cut_to(std::string_view text, std::size_t width);

}  // namespace airy::tools::output
