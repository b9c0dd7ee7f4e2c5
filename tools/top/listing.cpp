// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "top/listing.hpp"

#include <algorithm>

namespace airy::tools::top {

void Listing::replace(std::vector<Row> rows) {
    const auto chosen = rows_.empty() ? std::string() : rows_[selected_].id;
    rows_ = std::move(rows);
    selected_ = rows_.empty() ? 0 : std::min(selected_, rows_.size() - 1);
    sort();
    select_id(chosen);
}

void Listing::move_sort(int columns) {
    const auto count = static_cast<int>(columns_.size());
    sort_column_ = static_cast<std::size_t>(
        ((static_cast<int>(sort_column_) + columns) % count + count) % count);
    // The largest figures come first, and names in their order.
    reversed_ = columns_[sort_column_].align == output::Align::right;
    reorder();
}

void Listing::reverse() {
    reversed_ = !reversed_;
    reorder();
}

void Listing::reorder() {
    const auto chosen = rows_.empty() ? std::string() : rows_[selected_].id;
    sort();
    select_id(chosen);
}

void Listing::select(std::ptrdiff_t rows) {
    const auto last = std::max<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(rows_.size()) - 1, 0);
    selected_ = static_cast<std::size_t>(
        std::clamp<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(selected_) + rows, 0, last));
}

void Listing::select_id(const std::string& id) {
    const auto found = std::ranges::find(rows_, id, &Row::id);
    if (found != rows_.end()) selected_ = static_cast<std::size_t>(found - rows_.begin());
}

void Listing::sort() {
    std::ranges::stable_sort(rows_, [this](const Row& a, const Row& b) {
        const auto& left = a.cells[sort_column_].key;
        const auto& right = b.cells[sort_column_].key;
        const bool left_known = left.index() != 0;
        if (left_known != (right.index() != 0)) return left_known;
        if (left == right) return a.id < b.id;
        return reversed_ ? right < left : left < right;
    });
}

}  // namespace airy::tools::top
