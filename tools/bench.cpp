// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include <fmt/core.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "command.hpp"
#include "options.hpp"
#include "output/progress.hpp"
#include "output/stream.hpp"
#include "output/table.hpp"
#include "pool/bench.hpp"
#include "util/duration.hpp"
#include "util/json_writer.hpp"

namespace airy::tools {
namespace {

using pool::BenchResult;
using pool::BenchSpec;
using pool::Lane;

// The works that run when no option chooses others.
std::vector<BenchSpec> standard_works() {
    using namespace std::chrono_literals;
    return {{1'000'000, 10'000, 10ms, Lane::async},
            {1'000'000, 50'000, 10ms, Lane::async},
            {100'000, 1'000, 100ms, Lane::async},
            {1'000'000, 64, 0ms, Lane::threads}};
}

std::string megabytes(std::uint64_t bytes) {
    return fmt::format("{:.1f} MB", static_cast<double>(bytes) / 1e6);
}

std::string quantile(const pool::Histogram& histogram, double q) {
    return util::format_duration(histogram.quantile(q));
}

// Rounds to nanoseconds.
util::JsonFixed seconds(std::chrono::nanoseconds time) {
    return {std::chrono::duration<double>(time).count(), 9};
}

util::JsonObject histogram_json(const pool::Histogram& histogram) {
    return util::JsonObject()
        .add("p50", seconds(histogram.quantile(0.5)))
        .add("p90", seconds(histogram.quantile(0.9)))
        .add("p99", seconds(histogram.quantile(0.99)))
        .add("p999", seconds(histogram.quantile(0.999)))
        .add("max", seconds(histogram.max()));
}

class Bench final : public Command {
  public:
    void add_options(cli::App& app) override {
        app.require_subcommand();
        output_.add(app);
        auto sub = app.subcommand(
            "pool", "tasks that only wait, or do nothing, beside the least time they can take", {});
        sub.option("--tasks", tasks_, "how many (1000000)")
            .type_name("N")
            .between(1, 1'000'000'000);
        sub.option("--cap", cap_, "how many at once (10000)").type_name("N").between(1, 10'000'000);
        sub.duration("--wait", wait_, "how long each waits; 0s for empty tasks (10ms)");
        sub.option("--lane", lane_,
                   "async: coroutines on the loop; threads: a thread for each (async)")
            .type_name("LANE")
            .one_of({"async", "threads"});
        output_.add(sub);
    }

    int run() override {
        output::Table table({{"lane"},
                             {"tasks", output::Align::right},
                             {"cap", output::Align::right},
                             {"each", output::Align::right},
                             {"limit", output::Align::right},
                             {"took", output::Align::right},
                             {"tasks/s", output::Align::right},
                             {"peak memory", output::Align::right},
                             {"wait p50", output::Align::right, 2},
                             {"wait p99", output::Align::right, 1},
                             {"run p99", output::Align::right, 3}});
        for (const auto& spec : works()) {
            const auto result = pool::run_bench(spec);
            if (output_.json()) {
                output::print(json(spec, result));
                output::flush();
            } else {
                table.add(row(spec, result));
            }
        }
        if (!output_.json())
            output::print(table.text(output::stdout_is_terminal()
                                         ? static_cast<std::size_t>(output::terminal_width())
                                         : 0));
        return 0;
    }

  private:
    std::vector<BenchSpec> works() const {
        if (!tasks_ && !cap_ && !wait_ && lane_.empty()) return standard_works();
        BenchSpec spec;
        if (tasks_) spec.tasks = *tasks_;
        if (cap_) spec.cap = *cap_;
        if (wait_) spec.wait = *wait_;
        if (lane_ == "threads") spec.lane = Lane::threads;
        return {spec};
    }

    static std::vector<std::string> row(const BenchSpec& spec, const BenchResult& result) {
        return {std::string(name(spec.lane)),
                output::with_commas(spec.tasks),
                output::with_commas(spec.cap),
                spec.wait.count() > 0 ? util::format_duration(spec.wait) : "empty",
                result.limit_s > 0 ? fmt::format("{:.2f} s", result.limit_s) : "",
                fmt::format("{:.3f} s", result.elapsed_s),
                output::with_commas(static_cast<std::uint64_t>(result.tasks_per_s)),
                megabytes(result.peak_rss_bytes),
                quantile(result.wait, 0.5),
                quantile(result.wait, 0.99),
                quantile(result.run, 0.99)};
    }

    static std::string json(const BenchSpec& spec, const BenchResult& result) {
        return util::JsonObject()
            .add("lane", name(spec.lane))
            .add("tasks", spec.tasks)
            .add("cap", spec.cap)
            .add("wait_s", seconds(spec.wait))
            .add("elapsed_s", util::JsonFixed{result.elapsed_s, 6})
            .add("tasks_per_s", util::JsonFixed{result.tasks_per_s, 1})
            .add("limit_s", util::JsonFixed{result.limit_s, 6})
            .add("cpu_s", util::JsonFixed{result.cpu_s, 6})
            .add("peak_rss_bytes", result.peak_rss_bytes)
            .add("rss_before_bytes", result.rss_before_bytes)
            .add("submit_to_start_s", histogram_json(result.wait))
            .add("run_s", histogram_json(result.run))
            .line();
    }

    OutputOption output_;
    std::optional<std::uint64_t> tasks_;
    std::optional<std::size_t> cap_;
    std::optional<std::chrono::nanoseconds> wait_;
    std::string lane_;
};

}  // namespace

std::unique_ptr<Command> make_bench() {
    return std::make_unique<Bench>();
}

}  // namespace airy::tools
