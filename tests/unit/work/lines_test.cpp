// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/lines.hpp"

#include <doctest/doctest.h>

using airy::work::LineSplitter;

namespace {

// What comes of the text when it arrives in pieces of `piece` bytes.
std::string split(std::string_view text, std::size_t piece, std::string_view prefix = {},
                  std::size_t limit = 8) {
    LineSplitter lines(prefix, limit);
    std::string out;
    for (; !text.empty(); text.remove_prefix(std::min(piece, text.size())))
        lines.feed(text.substr(0, piece), out);
    lines.finish(out);
    return out;
}

}  // namespace

TEST_CASE("lines come out whole however they arrive") {
    for (std::size_t piece = 1; piece < 12; ++piece) {
        CAPTURE(piece);
        CHECK(split("one\ntwo\n\nthree\n", piece) == "one\ntwo\n\nthree\n");
        CHECK(split("one\ntwo\n", piece, "> ") == "> one\n> two\n");
    }
}

TEST_CASE("a line that is not complete waits for its end") {
    LineSplitter lines("", 8);
    std::string out;
    lines.feed("ab", out);
    CHECK(out.empty());
    lines.feed("c\nd", out);
    CHECK(out == "abc\n");
    lines.finish(out);
    CHECK(out == "abc\nd\n");
    lines.finish(out);
    CHECK(out == "abc\nd\n");
}

TEST_CASE("a line past the limit is cut into lines") {
    for (std::size_t piece : {1, 3, 8, 9, 100}) {
        CAPTURE(piece);
        CHECK(split("12345678abcdefgh12\nx\n", piece) == "12345678\nabcdefgh\n12\nx\n");
    }
}

TEST_CASE("a line of just the limit is not cut") {
    for (std::size_t piece : {1, 3, 8, 9, 100}) {
        CAPTURE(piece);
        CHECK(split("12345678\nx\n", piece) == "12345678\nx\n");
    }
}

TEST_CASE("bytes are passed on as they are") {
    const std::string text("a\0b\r\xff\n", 6);
    CHECK(split(text, 2) == text);
}

TEST_CASE("the last line that says something is kept, bounded") {
    LineSplitter lines("p ", 64 * 1024);
    std::string out;
    lines.feed("first\nsecond\n\n\n", out);
    CHECK(lines.last_line() == "second");
    lines.feed("third", out);
    CHECK(lines.last_line() == "second");
    lines.finish(out);
    CHECK(lines.last_line() == "third");
    lines.feed(std::string(5000, 'x') + "\n", out);
    CHECK(lines.last_line() == std::string(LineSplitter::last_line_limit, 'x'));
}

TEST_CASE("lines that are taken go nowhere else") {
    LineSplitter lines("> ", 8);
    std::string taken;
    lines.take_lines([&taken](std::string_view line, bool whole) {
        if (!line.starts_with('{') || !whole) return false;
        taken += line;
        return true;
    });
    std::string out;
    lines.feed("a\n{1}\nb\n{2", out);
    lines.finish(out);
    CHECK(out == "> a\n> b\n");
    CHECK(taken == "{1}{2");
    CHECK(lines.last_line() == "b");
}

TEST_CASE(
    "the first piece of a line that is cut is told as such, and further pieces are no lines") {
    LineSplitter lines("", 4);
    std::string told;
    lines.take_lines([&told](std::string_view line, bool whole) {
        told += std::string(line) + (whole ? "." : "~");
        return false;
    });
    std::string out;
    SUBCASE("at once") {
        lines.feed("abcd{1}\nefgh\n12345678\n", out);
        lines.feed("ok\nijklmn", out);
        lines.finish(out);
    }
    SUBCASE("byte by byte") {
        for (const char c : std::string("abcd{1}\nefgh\n12345678\nok\nijklmn"))
            lines.feed({&c, 1}, out);
        lines.finish(out);
    }
    CHECK(told == "abcd~efgh.1234~ok.ijkl~");
    CHECK(out == "abcd\n{1}\nefgh\n1234\n5678\nok\nijkl\nmn\n");
}
