// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "top/details.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "inspect/figures.hpp"
#include "inspect/trouble.hpp"
#include "output/table.hpp"
#include "util/duration.hpp"
#include "util/text.hpp"
#include "util/timestamp.hpp"

namespace airy::tools::top {
namespace {

using Style = Line::Style;
using work::ConsumerStatus;

constexpr Key keys[] = {{"q", "back"},     {"?", "help"},  {"p", "pause"},       {"u", "resume"},
                        {"+ -", "resize"}, {"d", "drain"}, {"Up Down", "scroll"}};

// Collects lines before it is known which of them fit.
struct Page {
    std::size_t width;
    Charset charset;
    std::vector<Line> lines;

    void add(std::string_view text, Style style = Style::plain, Tone tone = Tone::plain) {
        lines.push_back(line_of(text, width, style, tone));
    }
};

std::string patterns_of(const ConsumerStatus& status) {
    std::string text;
    for (const auto& pattern : status.patterns)
        text += (text.empty() ? "" : " ") + util::printable(pattern);
    return text;
}

void add_pace(Page& page, std::string_view name, const work::Rates& rates) {
    page.add(fmt::format("{:<10} {:.1f} over 1s  {:.1f} over 10s  {:.1f} over 1m", name,
                         rates.second, rates.ten_seconds, rates.minute));
}

std::string counts(const ConsumerStatus& status, inspect::FigureKind kind) {
    std::string text;
    for (const auto& figure : inspect::figures)
        if (figure.kind == kind)
            text +=
                fmt::format("{}{} {}", text.empty() ? "" : "  ", figure.name, status.*figure.count);
    return text;
}

void add_figures(Page& page, const ConsumerStatus& status, const History& handled) {
    page.add(
        fmt::format("queue {}  patterns {}", util::printable(status.queue), patterns_of(status)));
    page.add(counts(status, inspect::FigureKind::gauge));
    page.add(counts(status, inspect::FigureKind::counter));
    add_pace(page, "handled/s", status.handled_rates);
    page.add("           " +
             sparkline(handled, std::min<std::size_t>(page.width > 12 ? page.width - 12 : 0, 60),
                       page.charset));
    add_pace(page, "failed/s", status.failed_rates);
}

void add_tasks(Page& page, const std::vector<work::RunningTask>& tasks, std::size_t most) {
    const auto shown = std::min(most, tasks.size());
    page.add(shown < tasks.size() ? fmt::format("Running: the oldest {} of {}; the others below",
                                                shown, tasks.size())
                                  : fmt::format("Running: {}", tasks.size()),
             Style::header);
    for (const auto& task : tasks) {
        if (static_cast<std::size_t>(&task - tasks.data()) >= shown) break;
        page.add(fmt::format("{:>8}  {}  {}{}", util::format_duration(task.running),
                             util::printable(task.topic), util::printable(task.message_id),
                             task.messages > 1 ? fmt::format("  {} messages", task.messages) : ""));
    }
}

void add_failures(Page& page, const ConsumerStatus& status) {
    page.add(status.failures.empty() ? "Last failures: none" : "Last failures", Style::header);
    for (auto failure = status.failures.rbegin(); failure != status.failures.rend(); ++failure)
        page.add(
            fmt::format("{:.19}Z  {}  {}  {}", util::format_rfc3339(failure->at),
                        util::printable(failure->topic), util::printable(failure->reason, 1000),
                        util::printable(failure->message_id)),
            Style::plain, Tone::warning);
}

using Counts = std::array<std::uint64_t, work::time_bounds.size() + 1>;

// Counts between each bound and the one before it; the last: above all bounds.
Counts between_bounds(const work::Percentiles& times) {
    Counts counts{};
    std::uint64_t before = 0;
    for (std::size_t i = 0; i < times.up_to.size(); ++i) {
        counts[i] = times.up_to[i] - std::min(before, times.up_to[i]);
        before = std::max(before, times.up_to[i]);
    }
    counts.back() = times.count - std::min(before, times.count);
    return counts;
}

void add_times(Page& page, std::string_view name, const work::Percentiles& times) {
    if (times.count == 0) {
        page.add(fmt::format("{}: none yet", name), Style::header);
        return;
    }
    page.add(fmt::format("{}: p50 {}  p90 {}  p99 {}  max {}", name,
                         util::format_duration(times.p50), util::format_duration(times.p90),
                         util::format_duration(times.p99), util::format_duration(times.max)),
             Style::header);
    const auto counts = between_bounds(times);
    std::size_t first = 0;
    while (first + 1 < counts.size() && counts[first] == 0)
        ++first;
    std::size_t last = counts.size() - 1;
    while (last > first && counts[last] == 0)
        --last;
    const auto most = static_cast<double>(*std::ranges::max_element(counts));
    const auto room = std::min<std::size_t>(page.width > 24 ? page.width - 24 : 0, 60);
    for (auto i = first; i <= last; ++i) {
        const auto bound =
            i < work::time_bounds.size()
                ? fmt::format("<= {}", util::format_duration(work::time_bounds[i]))
                : fmt::format("> {}", util::format_duration(work::time_bounds.back()));
        page.add(fmt::format("{:>9} {:>10}  {}", bound, counts[i],
                             bar(static_cast<double>(counts[i]), most, room, page.charset)));
    }
}

}  // namespace

std::vector<Line> details(const inspect::Consumer& consumer,
                          const std::vector<mq::QueueReport>& queues, const History& handled,
                          const Surroundings& around, Size size, Charset charset,
                          std::size_t& scroll) {
    const auto width = size.columns;
    const auto state = consumer.status ? work::to_string(consumer.status->state)
                                       : std::string_view("not answering");
    auto title = fmt::format("{} ({})  {}", util::printable(consumer.name), consumer.pid, state);
    if (consumer.status) title += "  up " + util::format_duration(consumer.status->uptime);

    Page page{width, charset, {}};
    if (consumer.status) {
        const auto& status = *consumer.status;
        const auto oldest = std::max<std::size_t>(3, size.rows / 4);
        if (const auto found = inspect::trouble(consumer, queues))
            page.add(util::printable(found->why, 1000), Style::plain, Tone::alert);
        add_figures(page, status, handled);
        add_tasks(page, status.tasks, oldest);
        add_failures(page, status);
        add_times(page, "Handler times", status.run);
        add_times(page, "Waiting times", status.wait);
        if (status.tasks.size() > oldest) add_tasks(page, status.tasks, status.tasks.size());
    } else {
        page.add("It does not answer: stopped (SIGSTOP), hung, or swamped.", Style::plain,
                 Tone::alert);
        page.add(fmt::format("ps -o pid,stat,etime,args -p {} tells more.", consumer.pid));
    }

    std::vector<Line> lines = {line_of(justified(title, around.clock, width), width, Style::title,
                                       consumer.status ? Tone::plain : Tone::alert)};
    const auto room = size.rows > 2 ? size.rows - 2 : 0;
    scroll = std::min(scroll, page.lines.size() - std::min(room, page.lines.size()));
    const auto end = std::min(page.lines.size(), scroll + room);
    lines.insert(lines.end(), page.lines.begin() + static_cast<std::ptrdiff_t>(scroll),
                 page.lines.begin() + static_cast<std::ptrdiff_t>(end));
    lines.resize(room + 1);
    lines.push_back(foot(around, keys, width));
    lines.resize(std::min(lines.size(), size.rows));
    return lines;
}

}  // namespace airy::tools::top
