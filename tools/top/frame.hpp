// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "top/listing.hpp"

// The common parts of all views: lines of text, independent of the terminal.
namespace airy::tools::top {

struct Size {
    std::size_t rows = 0;
    std::size_t columns = 0;
};

struct Line {
    enum class Style { plain, title, header, selected, quiet };
    std::string text;  // at most as wide as the screen; nothing in it moves the cursor
    Style style = Style::plain;
    Tone tone = Tone::plain;
};

// The lines around a view.
struct Surroundings {
    std::string clock;               // e.g. "16:59:01"
    std::string broker;              // without its password
    std::vector<std::string> notes;  // missing information, with the reason
    std::string message;             // the result of the last key, or a question; empty: none
    bool question = false;
};

struct Key {
    const char* name;
    const char* does;
};

// Cuts the text to the width.
Line line_of(std::string_view text, std::size_t width, Line::Style style = Line::Style::plain,
             Tone tone = Tone::plain);

// The last line: the message, or as many keys as fit.
Line foot(const Surroundings& around, std::span<const Key> keys, std::size_t width);

// Left and right text; only the left where both do not fit.
std::string justified(const std::string& left, const std::string& right, std::size_t width);

}  // namespace airy::tools::top
