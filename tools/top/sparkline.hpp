// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>

namespace airy::tools::top {

// The last values of one figure, the newest last; nullopt where the value was unknown.
class History {
  public:
    static constexpr std::size_t capacity = 240;

    void push(std::optional<double> value);
    const std::deque<std::optional<double>>& values() const noexcept { return values_; }

  private:
    std::deque<std::optional<double>> values_;
};

enum class Charset { ascii, utf8 };

// The newest values as exactly `width` characters of eight heights. The highest shown value has
// full height, the newest stands at the right; a value above 0 never looks like 0. Unknown values
// are blank.
std::string sparkline(const History& history, std::size_t width, Charset charset);

// A bar of `width` characters, filled for `part` of `whole`; a part above 0 is always visible.
std::string bar(double part, double whole, std::size_t width, Charset charset);

}  // namespace airy::tools::top
