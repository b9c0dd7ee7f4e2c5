// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "top/screen.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "output/table.hpp"
#include "util/text.hpp"

namespace airy::tools::top {
namespace {

using Style = Line::Style;

constexpr std::size_t least_rows = 4;  // with fewer, only the title fits

// A narrow terminal shows only the first of them in its last line.
constexpr Key overview_keys[] = {
    {"q", "quit"},           {"?", "help"},  {"Enter", "look"}, {"< >", "sort"},   {"r", "reverse"},
    {"Tab", "pools/queues"}, {"p", "pause"}, {"u", "resume"},   {"+ -", "resize"}, {"d", "drain"}};

// The lines of a table that has space for `room` rows under its titles.
void add_listing(std::vector<Line>& lines, const Listing& listing, bool active, std::size_t room,
                 std::size_t width, Charset charset) {
    auto columns = listing.columns();
    auto& sorted = columns[listing.sort_column()];
    // The sorted column stays on a narrow screen.
    sorted.rank = 0;
    if (charset == Charset::utf8)
        sorted.title += listing.reversed() ? "▼" : "▲";
    else
        sorted.title += listing.reversed() ? "v" : "^";
    output::Table table(std::move(columns));

    const auto& rows = listing.rows();
    const auto shown = std::min(room, rows.size());
    const auto selected = listing.selected();
    auto first = selected >= shown ? selected - shown + 1 : 0;
    if (shown > 0 && selected >= shown) first = std::min(selected - shown / 2, rows.size() - shown);
    for (std::size_t i = first; i < first + shown; ++i) {
        std::vector<std::string> cells;
        for (const auto& cell : rows[i].cells)
            cells.push_back(cell.text);
        table.add(std::move(cells));
    }
    const auto text = table.text(width);
    std::size_t begin = 0;
    for (std::size_t n = 0; begin < text.size(); ++n) {
        const auto end = text.find('\n', begin);
        auto line = line_of(std::string_view(text).substr(begin, end - begin), width);
        begin = end + 1;
        const auto i = first + n - 1;
        if (n == 0) {
            line.style = Style::header;
        } else {
            line.tone = rows[i].tone;
            if (active && i == selected) line.style = Style::selected;
        }
        lines.push_back(std::move(line));
    }
}

// Counts the troubles for which there is no room.
void add_troubles(std::vector<Line>& lines, const std::vector<Model::Trouble>& troubles,
                  std::size_t room, std::size_t width) {
    const auto shown = troubles.size() <= room ? room : room - std::min<std::size_t>(room, 1);
    for (std::size_t i = 0; i < std::min(shown, troubles.size()); ++i)
        lines.push_back(line_of(troubles[i].text, width, Style::plain, troubles[i].tone));
    if (shown < room)
        lines.push_back(
            line_of(fmt::format("and {} more that do not keep up", troubles.size() - shown), width,
                    Style::plain, Tone::alert));
}

}  // namespace

std::vector<Line> overview(const Model& model, const Surroundings& around, Size size) {
    const auto width = size.columns;
    std::vector<Line> lines;
    const auto pools = model.pools().rows().size();
    const auto queues = model.queues().rows().size();
    const auto title = fmt::format("airy top  {} consumer{}  {} queue{}", pools,
                                   pools == 1 ? "" : "s", queues, queues == 1 ? "" : "s");
    lines.push_back(line_of(
        justified(title,
                  (width >= 80 ? util::printable(around.broker, 60) + "  " : "") + around.clock,
                  width),
        width, Style::title));
    if (size.rows < least_rows) {
        lines.resize(std::min(lines.size(), size.rows));
        return lines;
    }

    // Title, foot and the titles of the two tables are always there.
    std::vector<std::string> notes = around.notes;
    notes.resize(std::min(notes.size(), size.rows >= 16 ? 2 : std::size_t{size.rows >= 8}));
    const bool gap = size.rows >= 16 && pools > 0 && queues > 0;
    const auto troubles = std::min(model.troubles().size(), size.rows / 5);
    const auto fixed = 2 + (pools > 0) + (queues > 0) + notes.size() + gap + troubles;
    const auto room = size.rows > fixed ? size.rows - fixed : 0;
    const auto half = room / 2;
    const auto pool_room = std::min(pools, std::max(half, room - std::min(room, queues)));
    const bool pools_active = model.pane() == Model::Pane::pools;

    if (pools > 0)
        add_listing(lines, model.pools(), pools_active, pool_room, width, model.charset());
    add_troubles(lines, model.troubles(), troubles, width);
    if (gap) lines.push_back({});
    if (queues > 0)
        add_listing(lines, model.queues(), !pools_active, room - pool_room, width, model.charset());
    lines.resize(std::min(lines.size(), size.rows - 1 - notes.size()));
    lines.resize(size.rows - 1 - notes.size());
    for (const auto& note : notes)
        lines.push_back(line_of(util::printable(note, 1000), width, Style::plain, Tone::warning));
    lines.push_back(foot(around, overview_keys, width));
    return lines;
}

std::vector<Line> help(Size size) {
    constexpr Key all[] = {
        {"Up Down j k", "select a row; scroll"},
        {"PgUp PgDn", "by ten"},
        {"Tab", "from pools to queues and back"},
        {"< >", "sort by the column to the left, right"},
        {"r", "the other way round"},
        {"Enter", "all about the selected consumer"},
        {"p u", "pause it, resume it"},
        {"+ -", "one slot more, one less"},
        {"d", "drain it: take no more, finish, end"},
        {"Ctrl-L", "draw the screen anew"},
        {"q Esc", "back, and in the overview quit"},
    };
    std::vector<Line> lines = {line_of("airy top: keys", size.columns, Style::title)};
    for (const auto& key : all)
        lines.push_back(line_of(fmt::format("{:<12} {}", key.name, key.does), size.columns));
    lines.resize(std::min(lines.size(), size.rows));
    return lines;
}

}  // namespace airy::tools::top
