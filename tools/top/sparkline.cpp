// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "top/sparkline.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace airy::tools::top {
namespace {

constexpr std::array<const char*, 8> blocks = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::array<const char*, 8> letters = {"_", ".", ":", "-", "=", "+", "*", "#"};

std::size_t height(double value, double highest) {
    if (!(value > 0) || !(highest > 0)) return 0;
    const auto steps = static_cast<double>(blocks.size() - 1);
    return static_cast<std::size_t>(std::clamp(std::ceil(value / highest * steps), 1.0, steps));
}

}  // namespace

void History::push(std::optional<double> value) {
    if (value && !std::isfinite(*value)) value.reset();
    values_.push_back(value);
    if (values_.size() > capacity) values_.pop_front();
}

std::string sparkline(const History& history, std::size_t width, Charset charset) {
    const auto& values = history.values();
    const auto shown = std::min(width, values.size());
    const auto first = values.end() - static_cast<std::ptrdiff_t>(shown);
    double highest = 0;
    for (auto value = first; value != values.end(); ++value)
        highest = std::max(highest, value->value_or(0));

    const auto& levels = charset == Charset::utf8 ? blocks : letters;
    std::string line(width - shown, ' ');
    for (auto value = first; value != values.end(); ++value)
        line += *value ? levels[height(**value, highest)] : " ";
    return line;
}

std::string bar(double part, double whole, std::size_t width, Charset charset) {
    std::size_t filled = 0;
    if (part > 0 && whole > 0 && width > 0)
        filled = static_cast<std::size_t>(
            std::clamp(std::round(part / whole * static_cast<double>(width)), 1.0,
                       static_cast<double>(width)));
    std::string line;
    for (std::size_t i = 0; i < filled; ++i)
        line += charset == Charset::utf8 ? "█" : "#";
    return line.append(width - filled, ' ');
}

}  // namespace airy::tools::top
