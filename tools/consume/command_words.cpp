// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "consume/command_words.hpp"

#include <fmt/core.h>

#include "util/error.hpp"

namespace airy::tools::consume {

std::vector<std::string> command_words(std::string_view flag, std::string_view text) {
    std::vector<std::string> words;
    bool in_word = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == ' ' || c == '\t' || c == '\n') {
            in_word = false;
            continue;
        }
        if (!in_word) words.emplace_back();
        in_word = true;
        if (c != '\'' && c != '"') {
            words.back() += c;
            continue;
        }
        const auto end = text.find(c, i + 1);
        if (end == text.npos)
            throw Error(ErrorKind::usage, fmt::format("{}: a {} has no end", flag, c));
        words.back() += text.substr(i + 1, end - i - 1);
        i = end;
    }
    if (words.empty() || words.front().empty())
        throw Error(
            ErrorKind::usage, fmt::format("{} names no command", flag),
            fmt::format("its value is a program and its arguments, e.g. {} './alert search'",
                        flag));
    return words;
}

}  // namespace airy::tools::consume
