// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "work/status.hpp"

// The figures of a consumer, one row each. The rows make its JSON, in and out, its metrics for
// Prometheus, its charts in a report, its lines of `pool show` and its columns of the other tables
// and of `top`. To add a figure, add the member to work::ConsumerCounts and its row here.
namespace airy::inspect {

// A gauge goes up and down; a counter only goes up while the consumer runs.
enum class FigureKind : std::uint8_t { gauge, counter };

enum class FigureUnit : std::uint8_t { slots, messages, connections };

struct Figure {
    // The rank of a figure's column by default: such columns go first where a table is too wide.
    static constexpr int least_rank = 20;

    std::string_view key;   // in JSON, `pool show` and the tables
    std::string_view name;  // in a report and on the page of `top` about one consumer
    std::uint64_t work::ConsumerCounts::*count;
    FigureKind kind;
    FigureUnit unit;
    std::string_view help;

    // Prometheus' name of the metric with this figure alone and with `help` as its help; empty:
    // none.
    std::string_view metric = {};
    // The label's value in a shared metric; empty: the figure is not in it.
    std::string_view task_outcome = {};
    std::string_view settlement = {};

    work::Rates work::ConsumerStatus::*rates =
        nullptr;  // the rate of the figure, where it is measured

    // Ranks as those of tools::output::Column.
    int table_rank = least_rank;
    std::string_view top_title = key;
    int top_rank = least_rank;
};

// A Prometheus metric of several figures: one sample each, told apart by a label.
struct SharedMetric {
    std::string_view name;
    std::string_view label;
    std::string_view help;
    std::string_view Figure::*label_value;
};
inline constexpr std::array shared_metrics{
    SharedMetric{"airy_pool_tasks_total", "outcome", "Handlers that ended, by outcome.",
                 &Figure::task_outcome},
    SharedMetric{"airy_messages_total", "settlement", "Messages, by what became of them.",
                 &Figure::settlement}};

// In the order of JSON and of all tables.
inline constexpr auto figures = std::to_array<Figure>({
    {.key = "cap",
     .name = "cap",
     .count = &work::ConsumerCounts::cap,
     .kind = FigureKind::gauge,
     .unit = FigureUnit::slots,
     .help = "Most handlers that run at once.",
     .metric = "airy_pool_capacity",
     .table_rank = 0,
     .top_rank = 2},
    {.key = "running",
     .name = "running",
     .count = &work::ConsumerCounts::running,
     .kind = FigureKind::gauge,
     .unit = FigureUnit::slots,
     .help = "Handlers that run.",
     .metric = "airy_pool_running",
     .table_rank = 0,
     .top_title = "run",
     .top_rank = 0},
    {.key = "free",
     .name = "free",
     .count = &work::ConsumerCounts::free,
     .kind = FigureKind::gauge,
     .unit = FigureUnit::slots,
     .help = "Slots in which no handler runs.",
     .table_rank = 3,
     .top_rank = 19},
    {.key = "waiting",
     .name = "waiting",
     .count = &work::ConsumerCounts::waiting,
     .kind = FigureKind::gauge,
     .unit = FigureUnit::slots,
     .help = "Messages that wait for a slot.",
     .metric = "airy_pool_waiting",
     .table_rank = 2,
     .top_title = "wait",
     .top_rank = 6},
    {.key = "in_flight",
     .name = "in flight",
     .count = &work::ConsumerCounts::in_flight,
     .kind = FigureKind::gauge,
     .unit = FigureUnit::messages,
     .help = "Messages taken from the broker and not settled yet.",
     .metric = "airy_messages_in_flight",
     .table_rank = 4,
     .top_title = "fly",
     .top_rank = 7},
    {.key = "handled",
     .name = "handled",
     .count = &work::ConsumerCounts::handled,
     .kind = FigureKind::counter,
     .unit = FigureUnit::messages,
     .help = "Messages that were handled with success.",
     .task_outcome = "ok",
     .settlement = "ack",
     .rates = &work::ConsumerStatus::handled_rates,
     .table_rank = 0,
     .top_rank = 8},
    {.key = "failed",
     .name = "failed",
     .count = &work::ConsumerCounts::failed,
     .kind = FigureKind::counter,
     .unit = FigureUnit::messages,
     .help = "Handlers that ended without success.",
     .task_outcome = "failed",
     .rates = &work::ConsumerStatus::failed_rates,
     .table_rank = 0,
     .top_rank = 1},
    {.key = "retried",
     .name = "retried",
     .count = &work::ConsumerCounts::retried,
     .kind = FigureKind::counter,
     .unit = FigureUnit::messages,
     .help = "Messages to be tried again, by a retry queue or put back.",
     .settlement = "retry",
     .table_rank = 2,
     .top_rank = 11},
    {.key = "dead_lettered",
     .name = "dead-lettered",
     .count = &work::ConsumerCounts::dead_lettered,
     .kind = FigureKind::counter,
     .unit = FigureUnit::messages,
     .help = "Messages given up and kept.",
     .settlement = "dead_letter",
     .table_rank = 3,
     .top_title = "dead",
     .top_rank = 3},
    {.key = "discarded",
     .name = "discarded",
     .count = &work::ConsumerCounts::discarded,
     .kind = FigureKind::counter,
     .unit = FigureUnit::messages,
     .help = "Messages given up and not kept.",
     .settlement = "discard",
     .table_rank = 12,
     .top_rank = 16},
    {.key = "duplicates",
     .name = "duplicates",
     .count = &work::ConsumerCounts::duplicates,
     .kind = FigureKind::counter,
     .unit = FigureUnit::messages,
     .help = "Messages not handled again, since they had been handled before.",
     .settlement = "duplicate",
     .table_rank = 13,
     .top_rank = 17},
    {.key = "replied",
     .name = "replied",
     .count = &work::ConsumerCounts::replied,
     .kind = FigureKind::counter,
     .unit = FigureUnit::messages,
     .help = "Replies that were sent.",
     .metric = "airy_replies_total"},
    {.key = "batches",
     .name = "batches",
     .count = &work::ConsumerCounts::batches,
     .kind = FigureKind::counter,
     .unit = FigureUnit::messages,
     .help = "Runs of the handler, each for one message or a batch of them.",
     .metric = "airy_batches_total"},
    {.key = "reconnects",
     .name = "reconnects",
     .count = &work::ConsumerCounts::reconnects,
     .kind = FigureKind::counter,
     .unit = FigureUnit::connections,
     .help = "Connections that were made again.",
     .metric = "airy_reconnects_total",
     .table_rank = 14,
     .top_rank = 18},
});

// Durations that a consumer measures, as a distribution.
struct Times {
    std::string_view key;   // in JSON
    std::string_view name;  // in `pool show`
    work::Percentiles work::ConsumerStatus::*percentiles;
    std::string_view metric;  // Prometheus' histogram
    std::string_view help;
    std::string_view chart;  // its title in a report
};

inline constexpr Times confirm_times{
    .key = "confirm_ms",
    .name = "confirm",
    .percentiles = &work::ConsumerStatus::confirm,
    .metric = "airy_publish_confirm_seconds",
    .help = "From publishing a message until the broker has confirmed it.",
    .chart = "Confirm of a copy since the start"};

inline constexpr auto all_times = std::to_array<Times>({
    {.key = "wait_ms",
     .name = "wait",
     .percentiles = &work::ConsumerStatus::wait,
     .metric = "airy_pool_wait_seconds",
     .help = "From the arrival of a message until its handler starts.",
     .chart = "Wait for a slot since the start"},
    {.key = "run_ms",
     .name = "run",
     .percentiles = &work::ConsumerStatus::run,
     .metric = "airy_pool_run_seconds",
     .help = "Of the handler.",
     .chart = "Handler's time since the start"},
    confirm_times,
});

// Whether each count has one row, and each row its own key.
constexpr bool figures_are_complete() {
    if (sizeof(work::ConsumerCounts) != figures.size() * sizeof(std::uint64_t)) return false;
    for (std::size_t i = 0; i < figures.size(); ++i)
        for (std::size_t j = 0; j < i; ++j)
            if (figures[i].key == figures[j].key || figures[i].count == figures[j].count)
                return false;
    return true;
}
static_assert(figures_are_complete(), "a count of work::ConsumerCounts has no row, or two");

}  // namespace airy::inspect
