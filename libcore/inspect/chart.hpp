// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace airy::inspect {

struct Point {
    double time = 0;  // seconds since 1970
    double value = 0;
};

struct Series {
    std::string name;
    std::vector<Point> points;  // by time
    std::string help = {};      // shown when the pointer rests on the name
};

// Lines over one time axis.
struct Chart {
    std::string title;
    std::string unit;  // after the values: "ms", "/s"; empty for counts
    std::vector<Series> series;
};

// The chart as an HTML figure with inline SVG and a legend that tells each line's last and highest
// value. A line bears its colour's number in
// `data-line`, 1 to 8, for the page's style. `from` and `to` are the time
// axis, shared by the charts of a page. A gap in the points of more than `gap` seconds is a gap in
// the line.
std::string svg_figure(const Chart& chart, double from, double to, double gap);

// For text and attribute values in HTML.
std::string html_escaped(std::string_view text);

}  // namespace airy::inspect
