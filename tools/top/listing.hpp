// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <variant>
#include <vector>

#include "output/table.hpp"

namespace airy::tools::top {

// The value that sorts a cell; monostate: unknown, last in either order.
using SortKey = std::variant<std::monostate, double, std::string>;

struct Cell {
    std::string text;
    SortKey key;
};

enum class Tone { plain, warning, alert };

struct Row {
    std::string id;  // the same in each look
    std::vector<Cell> cells;
    Tone tone = Tone::plain;
};

// Rows in the order of one of their columns, one of them selected. The selection stays with its
// row when the order changes.
class Listing {
  public:
    explicit Listing(std::vector<output::Column> columns) : columns_(std::move(columns)) {}

    const std::vector<output::Column>& columns() const noexcept { return columns_; }
    const std::vector<Row>& rows() const noexcept { return rows_; }
    std::size_t sort_column() const noexcept { return sort_column_; }
    bool reversed() const noexcept { return reversed_; }
    std::size_t selected() const noexcept { return selected_; }  // 0 without rows

    // Each row has a cell for each column.
    void replace(std::vector<Row> rows);

    void move_sort(int columns);  // wraps around
    void reverse();
    void select(std::ptrdiff_t rows);  // moves so many rows down, or up; stays within
    void select_id(const std::string& id);

  private:
    void sort();
    void reorder();

    std::vector<output::Column> columns_;
    std::vector<Row> rows_;
    std::size_t sort_column_ = 0;
    bool reversed_ = false;
    std::size_t selected_ = 0;
};

}  // namespace airy::tools::top
