// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/table_fields.hpp"

#include <algorithm>
#include <limits>
#include <type_traits>
#include <utility>

namespace airy::mq::embedded {

using event::HeaderTable;
using event::HeaderValue;

void set_field(HeaderTable& table, std::string_view name, HeaderValue value) {
    const auto found = std::ranges::find(table, name, &event::HeaderField::first);
    if (found == table.end())
        table.emplace_back(name, std::move(value));
    else
        found->second = std::move(value);
    std::ranges::stable_sort(table, {}, &event::HeaderField::first);
}

const HeaderValue* find_field(const HeaderTable& table, std::string_view name) {
    const auto found = std::ranges::find(table, name, &event::HeaderField::first);
    return found == table.end() ? nullptr : &found->second;
}

std::optional<std::int64_t> integer_of(const HeaderValue& value) {
    return std::visit(
        [](const auto& v) -> std::optional<std::int64_t> {
            using T = std::decay_t<decltype(v)>;
            if constexpr (std::is_same_v<T, std::uint64_t>) {
                constexpr auto most = std::numeric_limits<std::int64_t>::max();
                if (v > static_cast<std::uint64_t>(most)) return std::nullopt;
                return static_cast<std::int64_t>(v);
            } else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
                return v;
            } else {
                return std::nullopt;
            }
        },
        value.value);
}

}  // namespace airy::mq::embedded
