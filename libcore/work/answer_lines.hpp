// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace airy::work {

// Cuts bytes into lines and keeps the begun one, at most `limit` bytes of it. Pure.
class AnswerLines {
  public:
    explicit AnswerLines(std::size_t limit) : limit_(limit) {}

    // Calls `take(line)` for each line that `chunk` completes, without its line end, until that
    // returns false. False: a line is longer than the limit, and the lines behind it are lost.
    template <typename Take>
    bool feed(std::string_view chunk, Take take) {
        while (!chunk.empty()) {
            const auto end = chunk.find('\n');
            const auto part = chunk.substr(0, end);
            if (begun_.size() + part.size() > limit_) return false;
            if (end == chunk.npos) {
                begun_ += part;
                return true;
            }
            chunk.remove_prefix(end + 1);
            if (begun_.empty()) {
                if (!take(part)) return true;
                continue;
            }
            begun_ += part;
            const auto line = std::exchange(begun_, {});
            if (!take(std::string_view(line))) return true;
        }
        return true;
    }

    // The begun line, which has no end yet.
    std::string rest() { return std::exchange(begun_, {}); }

  private:
    std::size_t limit_;
    std::string begun_;
};

}  // namespace airy::work
