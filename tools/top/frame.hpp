// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "top/listing.hpp"

// What all views of the screen have in common: lines of text, which know no terminal.
namespace airy::tools::top {

struct Size {
    std::size_t rows = 0;
    std::size_t columns = 0;
};

struct Line {
    enum class Style { plain, title, header, selected, quiet };
    std::string text;  // at most so wide as the screen; nothing in it moves the cursor
    Style style = Style::plain;
    Tone tone = Tone::plain;
};

// The lines that frame what is shown.
struct Surroundings {
    std::string clock;               // e.g. "16:59:01"
    std::string broker;              // without its password
    std::vector<std::string> notes;  // what cannot be shown, and why
    std::string message;             // what the last key has come to, or a question; empty: none
    bool question = false;
};

struct Key {
    const char* name;
    const char* does;
};

// Cut to the width.
Line line_of(std::string_view text, std::size_t width, Line::Style style = Line::Style::plain,
             Tone tone = Tone::plain);

// The last line: the message, or so many of the keys as fit.
Line foot(const Surroundings& around, std::span<const Key> keys, std::size_t width);

// Left and right, without the right where both do not fit.
std::string justified(const std::string& left, const std::string& right, std::size_t width);

}  // namespace airy::tools::top
