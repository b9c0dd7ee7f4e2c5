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
    int rank = 0;  // in a narrow table the highest is hidden first; 0 always stays
};

// Columns of text with a title line, for people. Each cell is one line and cannot move the cursor.
class Table {
  public:
    explicit Table(std::vector<Column> columns);

    void add(std::vector<std::string> cells);
    bool empty() const noexcept { return rows_.empty(); }

    // Lines of at most `width` columns of a terminal: hides columns by their rank, then cuts text
    // with `…`. 0: no limit. Empty without rows.
    std::string text(std::size_t width = 0) const;

  private:
    std::vector<std::size_t> widths(std::size_t limit) const;

    std::vector<Column> columns_;
    std::vector<std::vector<std::string>> rows_;
};

// The columns of a terminal that well-formed UTF-8 takes: two for East Asian wide characters, none
// for combining marks.
std::size_t display_width(std::string_view text) noexcept;

// The text, or its beginning with a `…` behind it, so that it fits.
std::string cut_to(std::string_view text, std::size_t width);

}  // namespace airy::tools::output
