// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "inspect/report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <initializer_list>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "inspect/chart.hpp"
#include "inspect/figures.hpp"
#include "util/error.hpp"
#include "util/timestamp.hpp"

namespace airy::inspect {
namespace {

using nlohmann::json;

// The samples of one queue or pool: a series for each key.
using Samples = std::map<std::string, std::vector<Point>>;

// The charts of a pool; each figure is in one chart.
struct FigureChart {
    FigureUnit unit;
    FigureKind kind;
    const char* title;
    const char* unit_text;
};
constexpr auto figure_charts = std::to_array<FigureChart>({
    {FigureUnit::slots, FigureKind::gauge, "Slots", ""},
    {FigureUnit::messages, FigureKind::gauge, "Messages", ""},
    {FigureUnit::messages, FigureKind::counter, "Rates", "/s"},
    {FigureUnit::connections, FigureKind::counter, "Connections", "/s"},
});

constexpr bool shows(const FigureChart& chart, const Figure& figure) {
    return chart.unit == figure.unit && chart.kind == figure.kind;
}

static_assert(std::ranges::all_of(figures, [](const Figure& figure) {
    return std::ranges::any_of(figure_charts,
                               [&](const FigureChart& chart) { return shows(chart, figure); });
}));

struct Recording {
    std::map<std::string, Samples> queues;
    std::map<std::string, Samples> pools;  // "name (pid)"
    std::set<std::string> brokers;
    double from = std::numeric_limits<double>::max();
    double to = 0;
    std::size_t samples = 0;
    std::size_t skipped = 0;
    std::size_t first_skipped = 0;
};

std::optional<double> number_of(const json& object, std::string_view key) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_number()) return std::nullopt;
    return found->get<double>();
}

std::string text_of(const json& object, std::string_view key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

void take(Samples& samples, const json& sample, double time, std::string_view key) {
    if (const auto value = number_of(sample, key))
        samples[std::string(key)].push_back({time, *value});
}

std::string quantile_key(std::string_view times, std::string_view quantile) {
    return fmt::format("{} {}", times, quantile);
}

// nullopt while the pool has measured nothing.
void take_times(Samples& samples, const json& sample, double time, std::string_view key) {
    const auto found = sample.find(key);
    if (found == sample.end() || !found->is_object()) return;
    if (const auto sum = number_of(*found, "sum"))
        samples[quantile_key(key, "sum")].push_back({time, *sum});
    if (number_of(*found, "count") == 0.0) return;
    for (const std::string_view quantile : {"p50", "p99"})
        if (const auto value = number_of(*found, quantile))
            samples[quantile_key(key, quantile)].push_back({time, *value});
}

void take_sample(Recording& recording, const json& sample, double time) {
    if (text_of(sample, "kind") == "queue") {
        auto& samples = recording.queues[text_of(sample, "queue")];
        if (auto broker = text_of(sample, "broker"); !broker.empty())
            recording.brokers.insert(std::move(broker));
        for (const std::string_view key :
             {"ready", "unacked", "publish_rate", "deliver_rate", "ack_rate", "redeliver_rate"})
            take(samples, sample, time, key);
        return;
    }
    const auto pid = number_of(sample, "pid").value_or(0);
    auto& samples = recording.pools[fmt::format("{} ({:.0f})", text_of(sample, "name"), pid)];
    for (const auto& figure : figures)
        take(samples, sample, time, figure.key);
    for (const auto& times : all_times)
        take_times(samples, sample, time, times.key);
}

Recording read(std::istream& in) {
    Recording recording;
    std::string line;
    for (std::size_t number = 1; std::getline(in, line); ++number) {
        if (line.empty()) continue;
        const json sample = json::parse(line, nullptr, false);
        const auto kind = sample.is_object() ? text_of(sample, "kind") : "";
        std::optional<util::SystemTime> at;
        if (kind == "queue" || kind == "pool") at = util::parse_rfc3339(text_of(sample, "time"));
        if (!at) {
            if (recording.skipped++ == 0) recording.first_skipped = number;
            continue;
        }
        const double time = std::chrono::duration<double>(at->time_since_epoch()).count();
        recording.from = std::min(recording.from, time);
        recording.to = std::max(recording.to, time);
        ++recording.samples;
        take_sample(recording, sample, time);
    }
    if (recording.samples == 0)
        throw Error(Reason::no_samples,
                    recording.skipped == 0
                        ? "the recording holds no samples"
                        : fmt::format("none of the recording's lines is a sample: {}, from line {}",
                                      recording.skipped, recording.first_skipped));
    return recording;
}

// Totals become rates; a total that falls comes from another process and begins anew.
std::vector<Point> rate_of(const std::vector<Point>& totals) {
    std::vector<Point> rates;
    for (std::size_t i = 1; i < totals.size(); ++i) {
        const double seconds = totals[i].time - totals[i - 1].time;
        const double more = totals[i].value - totals[i - 1].value;
        if (seconds > 0 && more >= 0) rates.push_back({totals[i].time, more / seconds});
    }
    return rates;
}

double last_of(const Samples& samples, std::string_view key) {
    const auto found = samples.find(std::string(key));
    return found == samples.end() || found->second.empty() ? 0 : found->second.back().value;
}

double highest_of(const Samples& samples, std::string_view key) {
    double highest = 0;
    if (const auto found = samples.find(std::string(key)); found != samples.end())
        for (const auto& point : found->second)
            highest = std::max(highest, point.value);
    return highest;
}

// By how much a total grew; after a fall it begins anew.
double growth_of(const Samples& samples, std::string_view key) {
    double grown = 0;
    const auto found = samples.find(std::string(key));
    if (found == samples.end()) return grown;
    for (std::size_t i = 1; i < found->second.size(); ++i)
        grown += std::max(0.0, found->second[i].value - found->second[i - 1].value);
    return grown;
}

// A sample sees only the handlers of its moment, and short ones may always run between two samples.
// The growth of the handlers' time tells how many ran on average: the higher number holds.
void correct_running(Samples& samples) {
    const auto running = samples.find("running");
    const auto sums = samples.find(quantile_key("run_ms", "sum"));
    if (running == samples.end() || sums == samples.end()) return;
    const double cap = highest_of(samples, "cap");
    for (const auto& mean : rate_of(sums->second)) {
        const auto at = std::ranges::find(running->second, mean.time, &Point::time);
        if (at == running->second.end()) continue;
        const double ran = mean.value / 1000;  // milliseconds of work in a second
        at->value = std::max(at->value, cap > 0 ? std::min(ran, cap) : ran);
    }
}

// Whether no message was in the queue, and none passed, at any sample.
bool is_idle(const Samples& samples) {
    return std::ranges::all_of(samples, [](const auto& series) {
        return std::ranges::all_of(series.second,
                                   [](const Point& point) { return point.value == 0; });
    });
}

std::string figure_text(double value) {
    return value >= 100 || value == std::floor(value) ? fmt::format("{:.0f}", value)
                                                      : fmt::format("{:.1f}", value);
}

// A table of text cells, the first cell of each row is a name.
std::string table_of(std::initializer_list<std::string_view> titles,
                     const std::vector<std::vector<std::string>>& rows) {
    if (rows.empty()) return {};
    std::string out = "<table><tr>";
    for (const auto title : titles)
        out += fmt::format("<th>{}</th>", title);
    out += "</tr>\n";
    for (const auto& row : rows) {
        out += "<tr>";
        for (const auto& cell : row)
            out += fmt::format("<td>{}</td>", html_escaped(cell));
        out += "</tr>\n";
    }
    return out + "</table>\n";
}

std::string summary_of(const Recording& recording) {
    std::vector<std::vector<std::string>> pools;
    for (const auto& [name, samples] : recording.pools)
        pools.push_back({name, figure_text(growth_of(samples, "handled")),
                         figure_text(growth_of(samples, "failed")),
                         figure_text(growth_of(samples, "dead_lettered")),
                         figure_text(highest_of(samples, "running")),
                         figure_text(last_of(samples, "cap")),
                         figure_text(last_of(samples, quantile_key("run_ms", "p99"))) + " ms"});
    std::vector<std::vector<std::string>> queues;
    for (const auto& [name, samples] : recording.queues)
        queues.push_back({name, figure_text(last_of(samples, "ready")),
                          figure_text(highest_of(samples, "ready")),
                          figure_text(highest_of(samples, "publish_rate")),
                          figure_text(highest_of(samples, "ack_rate")),
                          is_idle(samples) ? "idle" : ""});
    return table_of(
               {"pool", "handled", "failed", "dead-lettered", "most running", "cap", "run p99"},
               pools) +
           table_of({"queue", "ready", "most ready", "most published/s", "most acknowledged/s", ""},
                    queues);
}

class Page {
  public:
    explicit Page(const Recording& recording) : recording_(recording) {
        // Samples come at about the same pace; a line breaks where several are missing.
        const auto looks =
            std::max<double>(1, static_cast<double>(recording.samples) /
                                    static_cast<double>(std::max<std::size_t>(
                                        1, recording.queues.size() + recording.pools.size())));
        gap_ = std::max(5.0, 10 * (recording.to - recording.from) / looks);
    }

    void queue(const std::string& name, const Samples& samples) {
        if (is_idle(samples)) return;  // the summary names it
        out += fmt::format("<section><h2>queue <code>{}</code></h2>\n", html_escaped(name));
        chart("Messages", "", samples, {{"ready", "ready"}, {"unacked", "unacked"}});
        chart("Rates", "/s", samples,
              {{"publish_rate", "published"},
               {"deliver_rate", "delivered"},
               {"ack_rate", "acknowledged"},
               {"redeliver_rate", "delivered again"}});
        out += "</section>\n";
    }

    void pool(const std::string& name, Samples samples) {
        out += fmt::format("<section><h2>pool <code>{}</code></h2>\n", html_escaped(name));
        for (const auto& figure : figures)
            if (auto& series = samples[std::string(figure.key)]; figure.kind == FigureKind::counter)
                series = rate_of(series);
        for (const auto& drawn : figure_charts) {
            Lines lines;
            for (const auto& figure : figures)
                if (shows(drawn, figure))
                    lines.push_back({std::string(figure.key), figure.name, figure.help});
            chart(drawn.title, drawn.unit_text, samples, lines);
        }
        for (const auto& times : all_times)
            chart(
                times.chart, "ms", samples,
                {{quantile_key(times.key, "p50"), "p50"}, {quantile_key(times.key, "p99"), "p99"}});
        out += "</section>\n";
    }

    std::string out;

  private:
    struct Line {
        std::string key;  // of its samples
        std::string_view name;
        std::string_view help = {};
    };
    using Lines = std::vector<Line>;

    void chart(std::string_view title, const char* unit, const Samples& samples,
               const Lines& lines) {
        Chart drawn{std::string(title), unit, {}};
        bool any = false;
        for (const auto& line : lines) {
            const auto found = samples.find(line.key);
            drawn.series.push_back({std::string(line.name),
                                    found != samples.end() ? found->second : std::vector<Point>(),
                                    std::string(line.help)});
            any = any || !drawn.series.back().points.empty();
        }
        if (any) out += svg_figure(drawn, recording_.from, recording_.to, gap_);
    }

    const Recording& recording_;
    double gap_;
};

constexpr std::string_view style = R"css(
:root { color-scheme: light dark; --back: #fff; --text: #1c2024; --soft: #60646c; --grid: #e2e4e8;
  --line-1: #2563c9; --line-2: #c2410c; --line-3: #15803d; --line-4: #9333a8; --line-5: #8a6a00;
  --line-6: #0f766e; --line-7: #be185d; --line-8: #4b5563; }
@media (prefers-color-scheme: dark) { :root { --back: #15181c; --text: #e8eaed; --soft: #9aa0a8;
  --grid: #2c3138; --line-1: #7aa9f7; --line-2: #f59e6b; --line-3: #6cc98b; --line-4: #d49be6;
  --line-5: #dcb94a; --line-6: #5ec9bd; --line-7: #f472b6; --line-8: #a3aab5; } }
body { background: var(--back); color: var(--text); font: 15px/1.45 system-ui, sans-serif;
  margin: 0 auto; max-width: 1400px; padding: 1.5rem; }
table { border-collapse: collapse; margin: 1rem 0; }
th, td { border-bottom: 1px solid var(--grid); padding: .2rem .8rem .2rem 0; text-align: right; }
th:first-child, td:first-child { text-align: left; } th { color: var(--soft); font-weight: 400; }
h1 { font-size: 1.4rem; margin: 0; } h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; grid-column: 1/-1; }
p, small, .tick { color: var(--soft); }
section { display: grid; gap: 1rem 1.5rem; grid-template-columns: repeat(auto-fit, minmax(340px, 1fr)); }
figure { margin: 0; min-width: 0; } figcaption { font-weight: 600; }
svg { display: block; height: auto; width: 100%; }
.grid { stroke: var(--grid); stroke-width: 1; }
.tick { fill: var(--soft); font-size: 12px; }
.line { fill: none; stroke-linecap: round; stroke-linejoin: round; stroke-width: 2; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; list-style: none; margin: .2rem 0 0; padding: 0; }
[data-line="1"] { --own: var(--line-1); } [data-line="2"] { --own: var(--line-2); }
[data-line="3"] { --own: var(--line-3); } [data-line="4"] { --own: var(--line-4); }
[data-line="5"] { --own: var(--line-5); } [data-line="6"] { --own: var(--line-6); }
[data-line="7"] { --own: var(--line-7); } [data-line="8"] { --own: var(--line-8); }
path { stroke: var(--own); } .key { background: var(--own); }
.key { border-radius: 2px; display: inline-block; height: .3rem; margin-right: .4rem;
  vertical-align: middle; width: 1rem; }
)css";

}  // namespace

Report html_report(std::istream& in, const std::string& title) {
    Recording recording = read(in);
    for (auto& [name, samples] : recording.pools)
        correct_running(samples);
    Page page(recording);
    for (const auto& [name, samples] : recording.pools)
        page.pool(name, samples);
    for (const auto& [name, samples] : recording.queues)
        page.queue(name, samples);
    const auto day = [](double time) {
        return util::format_rfc3339(
            util::SystemTime(std::chrono::duration_cast<util::SystemTime::duration>(
                std::chrono::seconds(static_cast<std::int64_t>(time)))));
    };
    std::string brokers;
    for (const auto& broker : recording.brokers)
        brokers +=
            fmt::format("{}<code>{}</code>", brokers.empty() ? " of " : ", ", html_escaped(broker));
    std::string html = fmt::format(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<title>{0}</title>\n<style>{1}</style></head><body>\n"
        "<h1>{0}</h1>\n<p>{2} to {3}: {4} samples of {5} pools and {6} queues{8}, by airy stats "
        "--record</p>\n{9}{7}</body></html>\n",
        html_escaped(title), style, day(recording.from), day(recording.to), recording.samples,
        recording.pools.size(), recording.queues.size(), page.out, brokers, summary_of(recording));
    return {std::move(html), recording.skipped, recording.first_skipped};
}

}  // namespace airy::inspect
