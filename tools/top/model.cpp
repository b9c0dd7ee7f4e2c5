// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "top/model.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "inspect/figures.hpp"
#include "inspect/trouble.hpp"
#include "util/duration.hpp"
#include "util/text.hpp"

namespace airy::tools::top {
namespace {

using inspect::Consumer;
using mq::QueueRates;
using mq::QueueReport;
using mq::QueueSource;
using output::Align;

constexpr const char* unknown = "-";
constexpr auto right = Align::right;

// Only the handled messages have columns of their rate and its history.
bool has_rate_columns(const inspect::Figure& figure) {
    return figure.rates == &work::ConsumerStatus::handled_rates;
}

std::vector<output::Column> pool_columns() {
    std::vector<output::Column> columns = {
        {"name"}, {"pid", right, 10}, {"queue", Align::left, 13}, {"state"}};
    for (const auto& figure : inspect::figures) {
        columns.push_back({std::string(figure.top_title), right, figure.top_rank});
        if (has_rate_columns(figure))
            columns.insert(columns.end(), {{"/s", right}, {"handled/s", right, 4}});
    }
    columns.insert(columns.end(), {{"wait p99", right, 9},
                                   {"run p50", right, 12},
                                   {"run p99", right, 5},
                                   {"run max", right, 14},
                                   {"up", right, 15}});
    return columns;
}

std::vector<output::Column> queue_columns() {
    return {{"queue"},
            {"type", Align::left, 14},
            {"ready", right},
            {"unacked", right, 1},
            {"cons", right, 2},
            {"pub/s", right, 3},
            {"published", right, 7},
            {"dlv/s", right, 5},
            {"delivered", right, 9},
            {"ack/s", right, 4},
            {"acked", right, 8},
            {"redlv/s", right, 6},
            {"memory", right, 12},
            {"policy", Align::left, 16},
            {"state", Align::left, 11}};
}

Cell words(std::string text) {
    if (text.empty()) return {unknown, {}};
    auto key = text;
    return {std::move(text), std::move(key)};
}

template <typename Number>
Cell number(Number value) {
    return {std::to_string(value), static_cast<double>(value)};
}

Cell number(const std::optional<std::uint64_t>& value) {
    return value ? number(*value) : Cell{unknown, {}};
}

Cell rate(std::optional<double> value) {
    return value ? Cell{fmt::format("{:.1f}", *value), *value} : Cell{unknown, {}};
}

std::optional<double> rate_of(const QueueReport& report, double QueueRates::*which) {
    if (!report.queue.rates) return std::nullopt;
    return *report.queue.rates.*which;
}

// The reason why rates are unknown; empty where they are known. Not for queues from a passive
// declare (amqp): the look itself has noted the reason.
std::string rates_note_of(const std::vector<QueueReport>& reports) {
    const auto lacks = [](const QueueReport& report) {
        return !report.queue.rates && report.source != QueueSource::amqp;
    };
    const auto count = std::ranges::count_if(reports, lacks);
    if (count == 0) return {};
    if (std::ranges::find_if(reports, lacks)->source == QueueSource::broker)
        return "the broker keeps no rates";
    return fmt::format("the broker has no statistics yet of {} queue{}; it gathers them every 5 s",
                       count, count == 1 ? "" : "s");
}

Cell time(std::chrono::nanoseconds value, bool known = true) {
    if (!known) return {unknown, {}};
    return {util::format_duration(value), std::chrono::duration<double>(value).count()};
}

Cell bytes(const std::optional<std::uint64_t>& value) {
    if (!value) return {unknown, {}};
    const auto count = static_cast<double>(*value);
    if (count < 1024) return {fmt::format("{}B", *value), count};
    if (count < 1024 * 1024) return {fmt::format("{:.0f}K", count / 1024), count};
    return {fmt::format("{:.1f}M", count / (1024 * 1024)), count};
}

Cell history(const History& values, std::size_t width, Charset charset) {
    const auto newest = values.values().empty() ? std::nullopt : values.values().back();
    return {sparkline(values, width, charset), newest ? SortKey(*newest) : SortKey()};
}

Tone tone_of(work::ConsumerState state) {
    switch (state) {
        case work::ConsumerState::running:
            return Tone::plain;
        case work::ConsumerState::tripped:
            return Tone::alert;
        default:
            return Tone::warning;
    }
}

// Keeps only the histories of rows that still exist.
template <typename Histories, typename Things, typename Name>
void forget_others(Histories& histories, const Things& things, const Name& name) {
    std::erase_if(histories, [&](const auto& entry) {
        return std::ranges::none_of(things,
                                    [&](const auto& thing) { return name(thing) == entry.first; });
    });
}

}  // namespace

std::string id_of(const Consumer& consumer) {
    return consumer.path;
}

Model::Model(Charset charset)
    : charset_(charset), pools_(pool_columns()), queues_(queue_columns()) {}

void Model::take_pools(std::vector<Consumer> consumers) {
    consumers_ = std::move(consumers);
    for (const auto& consumer : consumers_)
        handled_[id_of(consumer)].push(
            consumer.status ? std::optional(consumer.status->handled_rates.second) : std::nullopt);
    forget_others(handled_, consumers_, id_of);
    troubles_.clear();
    for (const auto& consumer : consumers_)
        if (const auto found = inspect::trouble(consumer, reports_))
            troubles_.push_back(
                {fmt::format("{} ({}) {}", util::printable(consumer.name, 60), consumer.pid,
                             util::printable(found->why, 1000)),
                 found->kind == inspect::Trouble::Kind::slow ? Tone::warning : Tone::alert});
    list_pools();
}

void Model::take_queues(std::vector<QueueReport> queues) {
    reports_ = std::move(queues);
    for (const auto& report : reports_) {
        auto& histories = queue_histories_[report.queue.name];
        histories.publish.push(rate_of(report, &QueueRates::publish));
        histories.deliver.push(rate_of(report, &QueueRates::deliver));
        histories.ack.push(rate_of(report, &QueueRates::ack));
    }
    rates_note_ = rates_note_of(reports_);
    // Every report has a history by now: with equal numbers there is none to forget.
    if (queue_histories_.size() != reports_.size())
        forget_others(queue_histories_, reports_,
                      [](const QueueReport& report) { return report.queue.name; });
    list_queues();
}

void Model::list_pools() {
    std::vector<Row> rows;
    for (const auto& consumer : consumers_) {
        Row row{id_of(consumer), {}, Tone::alert};
        // The cells of figures stay empty where the consumer does not answer.
        const auto* status = consumer.status ? &*consumer.status : nullptr;
        row.cells = {words(consumer.name), number(consumer.pid),
                     status ? words(status->queue) : Cell{},
                     words(status ? std::string(work::to_string(status->state)) : "not answering")};
        for (const auto& figure : inspect::figures) {
            row.cells.push_back(status ? number(status->*figure.count) : Cell{});
            if (!has_rate_columns(figure)) continue;
            row.cells.push_back(status ? rate((status->*figure.rates).second) : Cell{});
            row.cells.push_back(history(handled_[row.id], spark_width_, charset_));
        }
        if (status) {
            row.tone = tone_of(status->state);
            row.cells.insert(row.cells.end(),
                             {time(status->wait.p99, status->wait.count > 0),
                              time(status->run.p50, status->run.count > 0),
                              time(status->run.p99, status->run.count > 0),
                              time(status->run.max, status->run.count > 0), time(status->uptime)});
        }
        row.cells.resize(pools_.columns().size());
        rows.push_back(std::move(row));
    }
    pools_.replace(std::move(rows));
}

void Model::list_queues() {
    std::vector<Row> rows;
    for (const auto& report : reports_) {
        const auto& queue = report.queue;
        const auto& histories = queue_histories_[queue.name];
        const auto last = [](const History& values) {
            return rate(values.values().empty() ? std::nullopt : values.values().back());
        };
        const auto chart = [this](const History& values) {
            return history(values, spark_width_, charset_);
        };
        rows.push_back(
            {queue.name,
             {words(queue.name), words(queue.type), number(queue.ready), number(queue.unacked),
              number(queue.consumers), last(histories.publish), chart(histories.publish),
              last(histories.deliver), chart(histories.deliver), last(histories.ack),
              chart(histories.ack), rate(rate_of(report, &QueueRates::redeliver)),
              bytes(queue.memory), words(queue.policy), words(queue.state)},
             Tone::plain});
    }
    queues_.replace(std::move(rows));
}

const Consumer* Model::selected() const {
    if (pane_ == Pane::pools)
        return pools_.rows().empty() ? nullptr : consumer(pools_.rows()[pools_.selected()].id);
    if (queues_.rows().empty()) return nullptr;
    const auto& queue = queues_.rows()[queues_.selected()].id;
    const auto found = std::ranges::find_if(consumers_, [&queue](const Consumer& candidate) {
        return candidate.status && candidate.status->queue == queue;
    });
    return found == consumers_.end() ? nullptr : &*found;
}

const Consumer* Model::consumer(const std::string& id) const {
    const auto found = std::ranges::find(consumers_, id, &Consumer::path);
    return found == consumers_.end() ? nullptr : &*found;
}

const History& Model::handled(const std::string& id) const {
    static const History none;
    const auto found = handled_.find(id);
    return found == handled_.end() ? none : found->second;
}

void Model::set_spark_width(std::size_t width) {
    if (width == spark_width_) return;
    spark_width_ = width;
    list_pools();
    list_queues();
}

}  // namespace airy::tools::top
