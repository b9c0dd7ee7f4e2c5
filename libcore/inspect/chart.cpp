// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "inspect/chart.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>

namespace airy::inspect {
namespace {

// In units of the SVG's view box.
constexpr double width = 640;
constexpr double height = 220;
constexpr double left = 56;
constexpr double right = 12;
constexpr double top = 10;
constexpr double bottom = 24;
constexpr std::size_t colours = 8;
// Most points of a line; with more it has more points than the page has pixels.
constexpr std::size_t most_points = 1200;

// The smallest 1, 2 or 5 times a power of ten that is at least `value`.
double nice(double value) {
    if (value <= 0) return 1;
    const double power = std::pow(10, std::floor(std::log10(value)));
    for (const double step : {1.0, 2.0, 5.0, 10.0})
        if (value <= step * power * (1 + 1e-9)) return step * power;
    return 10 * power;
}

std::string shown(double value) {
    if (value == std::floor(value) && value < 1e6) return fmt::format("{:.0f}", value);
    if (value >= 1e6) return fmt::format("{:.3g} M", value / 1e6);
    return fmt::format("{:.3g}", value);
}

std::string clock_time(double time) {
    const auto seconds = static_cast<std::time_t>(time);
    std::tm local{};
    ::localtime_r(&seconds, &local);
    return fmt::format("{:02}:{:02}:{:02}", local.tm_hour, local.tm_min, local.tm_sec);
}

class Axes {
  public:
    Axes(double from, double to, double highest)
        : from_(from), span_(std::max(to - from, 1.0)), highest_(highest) {}

    double x(double time) const { return left + (time - from_) / span_ * (width - left - right); }
    double y(double value) const {
        return height - bottom - value / highest_ * (height - top - bottom);
    }

    std::string grid() const {
        std::string out;
        for (int i = 0; i <= 4; ++i) {
            const double value = highest_ * i / 4;
            out += fmt::format(
                R"(<line class="grid" x1="{:.1f}" x2="{:.1f}" y1="{:.1f}" y2="{:.1f}"/>)"
                R"(<text class="tick" x="{:.1f}" y="{:.1f}" text-anchor="end">{}</text>)",
                left, width - right, y(value), y(value), left - 6, y(value) + 4, shown(value));
        }
        for (int i = 0; i <= 4; ++i) {
            const double time = from_ + span_ * i / 4;
            const auto* anchor = i == 0 ? "start" : i == 4 ? "end" : "middle";
            out += fmt::format(
                R"(<text class="tick" x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>)", x(time),
                height - 8, anchor, clock_time(time));
        }
        return out;
    }

  private:
    double from_;
    double span_;
    double highest_;
};

double highest_of(const std::vector<Point>& points) {
    double highest = 0;
    for (const auto& point : points)
        highest = std::max(highest, point.value);
    return highest;
}

// Keeps the highest point of each run of points: a peak must not vanish.
std::vector<Point> thinned(const std::vector<Point>& points) {
    const std::size_t run = (points.size() + most_points - 1) / most_points;
    if (run <= 1) return points;
    std::vector<Point> out;
    for (std::size_t i = 0; i < points.size(); i += run) {
        Point best = points[i];
        for (std::size_t j = i; j < std::min(points.size(), i + run); ++j)
            best.value = std::max(best.value, points[j].value);
        out.push_back(best);
    }
    return out;
}

std::string path_of(const std::vector<Point>& points, const Axes& axes, double gap) {
    std::string out;
    double last = 0;
    for (const auto& point : points) {
        const bool starts = out.empty() || point.time - last > gap;
        out += fmt::format("{}{:.1f},{:.1f}", starts ? "M" : "L", axes.x(point.time),
                           axes.y(point.value));
        if (starts && points.size() == 1) out += "h0.1";  // makes a single point visible
        last = point.time;
    }
    return out;
}

}  // namespace

std::string html_escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\'':
                out += "&#39;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

std::string svg_figure(const Chart& chart, double from, double to, double gap) {
    double highest = 0;
    for (const auto& series : chart.series)
        highest = std::max(highest, highest_of(series.points));
    const Axes axes(from, to, nice(highest));
    const std::string unit = chart.unit.empty() ? "" : " " + chart.unit;
    const std::string title = html_escaped(chart.title);
    std::string lines;
    std::string legend;
    for (std::size_t i = 0; i < chart.series.size(); ++i) {
        const auto& series = chart.series[i];
        if (series.points.empty()) continue;
        const auto colour = i % colours + 1;
        lines += fmt::format(R"(<path class="line" data-line="{}" d="{}"/>)", colour,
                             path_of(thinned(series.points), axes, gap));
        const auto tip =
            series.help.empty() ? "" : fmt::format(R"( title="{}")", html_escaped(series.help));
        legend +=
            fmt::format(R"(<li{}><span class="key" data-line="{}"></span>{} )"
                        R"(<b>{}{}</b> <small>highest {}{}</small></li>)",
                        tip, colour, html_escaped(series.name), shown(series.points.back().value),
                        unit, shown(highest_of(series.points)), unit);
    }
    return fmt::format(
        "<figure><figcaption>{}{}</figcaption>\n"
        R"(<svg viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}</svg>)"
        "\n<ul class=\"legend\">{}</ul></figure>\n",
        title, chart.unit.empty() ? "" : fmt::format(" <small>{}</small>", chart.unit), width,
        height, title, axes.grid(), lines, legend);
}

}  // namespace airy::inspect
