// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "output/progress.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "options.hpp"
#include "output/stream.hpp"

namespace airy::tools::output {
namespace {

constexpr std::chrono::milliseconds interval{100};
constexpr int bar_width = 24;  // columns

void write_stderr(const std::string& text) {
    [[maybe_unused]] auto n = ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace

Progress::Progress(std::string noun, Output output)
    : noun_(std::move(noun)),
      enabled_(!common_options().quiet && stderr_is_terminal() &&
               (output == Output::afterwards || !stdout_is_terminal())),
      start_(std::chrono::steady_clock::now()),
      last_(start_) {}

Progress::~Progress() {
    clear();
}

void Progress::show(std::uint64_t count, double part) {
    if (!enabled_) return;
    const auto now = std::chrono::steady_clock::now();
    if (now - last_ < interval) return;
    last_ = now;
    const double seconds = std::chrono::duration<double>(now - start_).count();
    const auto rate = static_cast<std::uint64_t>(static_cast<double>(count) / seconds);
    std::string bar;
    if (part >= 0) {
        const int full = std::clamp(static_cast<int>(part * bar_width), 0, bar_width);
        bar = fmt::format("[{}{}] {:3.0f}%  ", std::string(static_cast<std::size_t>(full), '='),
                          std::string(static_cast<std::size_t>(bar_width - full), ' '), part * 100);
    }
    write_stderr(
        fmt::format("\r\033[K{}{} {}  {}/s", bar, with_commas(count), noun_, with_commas(rate)));
    shown_ = true;
}

std::function<void(std::uint64_t, std::uint64_t)> Progress::of_parts() {
    return [this](std::uint64_t come, std::uint64_t all) {
        show(come, all > 0 ? static_cast<double>(come) / static_cast<double>(all) : -1);
    };
}

void Progress::clear() {
    if (std::exchange(shown_, false)) write_stderr("\r\033[K");
}

std::string with_commas(std::uint64_t number) {
    std::string digits = std::to_string(number);
    for (std::size_t at = digits.size(); at > 3; at -= 3)
        digits.insert(at - 3, ",");
    return digits;
}

}  // namespace airy::tools::output
