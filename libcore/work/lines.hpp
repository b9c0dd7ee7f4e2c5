// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace airy::work {

// Cuts the output of a child into whole lines. A line longer than `limit` bytes becomes several
// lines, and a last line without a line break gets one.
class LineSplitter {
  public:
    LineSplitter(std::string_view prefix, std::size_t limit) : prefix_(prefix), limit_(limit) {}

    // From now on, lines for which `takes` is true go nowhere else. Of a line that is cut it gets
    // the first piece only, and `whole` is false.
    using Takes = std::function<bool(std::string_view line, bool whole)>;
    void take_lines(Takes takes) { takes_ = std::move(takes); }

    // Appends the lines that `chunk` completes to `out`, each behind the prefix.
    void feed(std::string_view chunk, std::string& out);

    // The end of the output: an unfinished line becomes a line.
    void finish(std::string& out);

    // The last line that is not empty, without its line break, at most `last_line_limit` bytes.
    const std::string& last_line() const noexcept { return last_line_; }
    static constexpr std::size_t last_line_limit = 1024;

  private:
    void emit(std::string_view line, std::string& out, bool whole = true);

    std::string prefix_;
    std::size_t limit_;
    Takes takes_;
    std::string begun_;
    bool cut_ = false;  // begun_ continues a line that was cut
    std::string last_line_;
};

}  // namespace airy::work
