// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "util/decimal.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace airy::util {
namespace {

// A number as 0.d1d2d3… * 10^magnitude with d1 not zero, its digits being `first` and then
// `second` (the two sides of the point).
struct Decimal {
    bool negative = false;
    bool zero = true;
    std::string_view first;
    std::string_view second;
    std::int64_t magnitude = 0;

    std::size_t size() const noexcept { return first.size() + second.size(); }
    char digit(std::size_t i) const noexcept {
        if (i < first.size()) return first[i];
        return i < size() ? second[i - first.size()] : '0';
    }
};

// Larger exponents count as this one: no text has so many digits that the difference matters.
constexpr std::int64_t largest_exponent = 1'000'000'000'000'000;

std::int64_t exponent_of(std::string_view text) noexcept {
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    std::int64_t value = 0;
    for (const char c : text)
        value = std::min(largest_exponent, value * 10 + (c - '0'));
    return negative ? -value : value;
}

Decimal read(std::string_view text) noexcept {
    Decimal number;
    number.negative = text.starts_with('-');
    if (number.negative) text.remove_prefix(1);
    const auto e = text.find_first_of("eE");
    if (e != std::string_view::npos) number.magnitude = exponent_of(text.substr(e + 1));
    const auto mantissa = text.substr(0, e);
    const auto point = mantissa.find('.');
    number.first = mantissa.substr(0, point);
    if (point != std::string_view::npos) number.second = mantissa.substr(point + 1);

    number.first.remove_prefix(std::min(number.first.find_first_not_of('0'), number.first.size()));
    number.magnitude += static_cast<std::int64_t>(number.first.size());
    if (number.first.empty()) {
        const auto zeros = std::min(number.second.find_first_not_of('0'), number.second.size());
        number.second.remove_prefix(zeros);
        number.magnitude -= static_cast<std::int64_t>(zeros);
    }
    number.zero = number.size() == 0;
    return number;
}

std::strong_ordering compare_absolute(const Decimal& a, const Decimal& b) noexcept {
    if (a.magnitude != b.magnitude) return a.magnitude <=> b.magnitude;
    const auto length = std::max(a.size(), b.size());
    for (std::size_t i = 0; i < length; ++i)
        if (a.digit(i) != b.digit(i)) return a.digit(i) <=> b.digit(i);
    return std::strong_ordering::equal;
}

}  // namespace

std::strong_ordering compare_decimals(std::string_view a, std::string_view b) noexcept {
    const auto left = read(a);
    const auto right = read(b);
    const auto sign = [](const Decimal& d) { return d.zero ? 0 : d.negative ? -1 : 1; };
    if (sign(left) != sign(right)) return sign(left) <=> sign(right);
    if (left.zero) return std::strong_ordering::equal;
    return left.negative ? compare_absolute(right, left) : compare_absolute(left, right);
}

}  // namespace airy::util
