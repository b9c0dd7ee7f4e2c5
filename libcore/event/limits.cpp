// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "event/limits.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "util/error.hpp"
#include "util/text.hpp"

namespace airy::event {
namespace {

// Whether the value has more than `limit` levels; a scalar has one.
bool is_deeper(const HeaderValue& value, std::size_t limit) {
    if (limit == 0) return true;
    if (const auto* array = std::get_if<HeaderArray>(&value.value))
        return std::ranges::any_of(
            *array, [limit](const auto& item) { return is_deeper(item, limit - 1); });
    if (const auto* table = std::get_if<HeaderTable>(&value.value))
        return std::ranges::any_of(
            *table, [limit](const auto& field) { return is_deeper(field.second, limit - 1); });
    return false;
}

}  // namespace

bool is_too_deep(const HeaderTable& table) {
    return std::ranges::any_of(
        table, [](const auto& field) { return is_deeper(field.second, header_depth_limit); });
}

std::optional<std::int64_t> expiration_of(const Properties& properties) {
    if (!properties.expiration) return std::nullopt;
    const auto& text = *properties.expiration;
    const char* const end = text.data() + text.size();
    std::uint64_t value = 0;  // unsigned: a sign is refused
    const auto [rest, error] = std::from_chars(text.data(), end, value);
    if (error == std::errc::invalid_argument || rest != end)
        throw Error(ErrorKind::invalid_event,
                    fmt::format("the expiration '{}' is not a number of milliseconds",
                                util::printable(text)));
    if (error != std::errc() || value > static_cast<std::uint64_t>(longest_wait))
        throw Error(ErrorKind::invalid_event,
                    fmt::format("the expiration '{}' is more than {} milliseconds (ten years)",
                                util::printable(text), longest_wait));
    return static_cast<std::int64_t>(value);
}

}  // namespace airy::event
