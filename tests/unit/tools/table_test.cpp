// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "output/table.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

using namespace airy::tools::output;

namespace {

std::size_t widest_line(const std::string& text) {
    std::istringstream lines(text);
    std::string line;
    std::size_t widest = 0;
    while (std::getline(lines, line))
        widest = std::max(widest, display_width(line));
    return widest;
}

Table queues() {
    Table table({{"queue"},
                 {"ready", Align::right},
                 {"memory", Align::right, 2},
                 {"policy", Align::left, 1}});
    table.add({"orders", "12", "55.1 KiB", "short"});
    table.add({"a-queue-with-a-rather-long-name", "1234567", "1 KiB", ""});
    return table;
}

}  // namespace

TEST_CASE("columns are aligned, two blanks apart, without blanks at the end") {
    CHECK(queues().text() ==
          "queue                              ready    memory  policy\n"
          "orders                                12  55.1 KiB  short\n"
          "a-queue-with-a-rather-long-name  1234567     1 KiB\n");
}

TEST_CASE("no rows, no text") {
    CHECK(Table({{"queue"}}).text().empty());
    CHECK(Table({{"queue"}}).empty());
}

TEST_CASE("a narrow terminal first loses columns by rank, then cuts text, never numbers") {
    CHECK(queues().text(58) == queues().text());
    CHECK(queues().text(50) ==
          "queue                      ready    memory  policy\n"
          "orders                        12  55.1 KiB  short\n"
          "a-queue-with-a-rather-…  1234567     1 KiB\n");
    CHECK(queues().text(40) ==
          "queue                      ready  policy\n"
          "orders                        12  short\n"
          "a-queue-with-a-rather-…  1234567\n");
    CHECK(queues().text(20) ==
          "queue          ready\n"
          "orders            12\n"
          "a-queue-wi…  1234567\n");
    for (std::size_t width = 13; width < 70; ++width) {
        CAPTURE(width);
        const auto text = queues().text(width);
        CHECK(widest_line(text) <= width);
        CHECK(text.find("1234567") != text.npos);
    }
}

TEST_CASE("cells cannot break the table or move the cursor") {
    Table table({{"queue"}, {"ready", Align::right}});
    table.add({"a\nb\x1b[2J\t", "1"});
    table.add({"short row"});
    const auto text = table.text();
    CHECK(std::count(text.begin(), text.end(), '\n') == 3);
    CHECK(text.find('\x1b') == text.npos);
    CHECK(text.find('\t') == text.npos);
}

TEST_CASE("the width of a text is the width on a terminal") {
    CHECK(display_width("") == 0);
    CHECK(display_width("abc") == 3);
    CHECK(display_width("帖子") == 4);
    CHECK(display_width("é") == 1);
    CHECK(display_width("e\xcc\x81") == 1);  // e and a combining acute accent
    CHECK(display_width("🎉") == 2);
    Table table({{"queue"}, {"ready", Align::right}});
    table.add({"帖子", "1"});
    table.add({"posts", "2"});
    CHECK(table.text() == "queue  ready\n帖子       1\nposts      2\n");
}

TEST_CASE("cutting keeps whole characters") {
    CHECK(cut_to("abc", 3) == "abc");
    CHECK(cut_to("abcd", 3) == "ab…");
    CHECK(cut_to("abcd", 1) == "…");
    CHECK(cut_to("abcd", 0).empty());
    CHECK(cut_to("帖子帖子", 5) == "帖子…");
    CHECK(cut_to("帖子帖子", 4) == "帖…");
    CHECK(display_width(cut_to("帖子帖子", 4)) == 3);
}
