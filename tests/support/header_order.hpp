// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <variant>

#include "event/message.hpp"

namespace airy::test {

// The table sorted by name, and the tables in it: a table has no order, and RabbitMQ 4 hands one
// out in another order than it got it.
inline event::HeaderTable by_name(event::HeaderTable table);

inline void sort_within(event::HeaderValue& value) {
    if (auto* inner = std::get_if<event::HeaderTable>(&value.value)) *inner = by_name(*inner);
    if (auto* list = std::get_if<event::HeaderArray>(&value.value))
        for (auto& element : *list)
            sort_within(element);
}

inline event::HeaderTable by_name(event::HeaderTable table) {
    for (auto& field : table)
        sort_within(field.second);
    std::ranges::stable_sort(table, {}, &event::HeaderField::first);
    return table;
}

}  // namespace airy::test
