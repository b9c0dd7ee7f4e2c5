// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "output/metrics.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "inspect/consumer_json.hpp"
#include "inspect/figures.hpp"
#include "inspect/trouble.hpp"
#include "mq/work_queue.hpp"
#include "output/stream.hpp"
#include "output/table.hpp"
#include "util/duration.hpp"
#include "util/json_writer.hpp"
#include "util/text.hpp"
#include "util/timestamp.hpp"

namespace airy::tools::output {
namespace {

using mq::QueueRates;

constexpr const char* unknown = "-";

// The terminal's width, or 0 where stdout is no terminal.
std::size_t table_width() noexcept {
    return stdout_is_terminal() ? static_cast<std::size_t>(terminal_width()) : 0;
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const auto& word : words)
        text += (text.empty() ? "" : " ") + word;
    return text;
}

std::string measured(const work::Percentiles& times, std::chrono::nanoseconds value) {
    return times.count == 0 ? unknown : util::format_duration(value);
}

std::string shown(const std::optional<std::uint64_t>& number) {
    return number ? std::to_string(*number) : unknown;
}

std::string shown_bytes(const std::optional<std::uint64_t>& bytes) {
    if (!bytes) return unknown;
    if (*bytes < 1024) return fmt::format("{} B", *bytes);
    if (*bytes < 1024 * 1024) return fmt::format("{:.0f} KiB", static_cast<double>(*bytes) / 1024);
    return fmt::format("{:.1f} MiB", static_cast<double>(*bytes) / (1024 * 1024));
}

// The most messages that the queue takes, or bytes; empty where there is no limit.
std::string shown_limit(const mq::QueueInfo& queue) {
    if (const auto messages = mq::limit_of(queue, "max-length")) return std::to_string(*messages);
    const auto bytes = mq::limit_of(queue, "max-length-bytes");
    return bytes ? shown_bytes(bytes) : std::string();
}

// The oldest message's age in seconds.
std::optional<std::int64_t> age_in_seconds(const mq::QueueInfo& queue, util::SystemTime now) {
    const auto age = mq::oldest_age(queue, now);
    if (!age) return std::nullopt;
    return std::chrono::floor<std::chrono::seconds>(*age).count();
}

std::string shown_age(const mq::QueueInfo& queue) {
    const auto age = mq::oldest_age(queue, util::system_clock().now());
    if (!age || queue.ready == 0) return unknown;
    return util::format_duration(std::chrono::floor<std::chrono::seconds>(*age));
}

std::optional<util::JsonArray> bindings_json(
    const std::optional<std::vector<mq::BindingInfo>>& bindings) {
    if (!bindings) return std::nullopt;
    util::JsonArray array;
    for (const auto& binding : *bindings)
        array.add(
            util::JsonObject().add("exchange", binding.exchange).add("pattern", binding.pattern));
    return array;
}

util::JsonObject json_head(const char* kind, util::SystemTime now) {
    return util::JsonObject().add("kind", kind).add("time", util::format_rfc3339(now));
}

// The title of the figure's rate, e.g. "handled/s".
std::string rate_title(const inspect::Figure& figure) {
    return std::string(figure.key) + "/s";
}

// The table has room for one rate only.
bool has_rate_column(const inspect::Figure& figure) {
    return figure.rates == &work::ConsumerStatus::handled_rates;
}

}  // namespace

std::string pool_table(const std::vector<inspect::Consumer>& consumers) {
    constexpr auto right = Align::right;
    std::vector<Column> columns = {{"name"},
                                   {"pid", right},
                                   {"queue", Align::left, 5},
                                   {"patterns", Align::left, 11},
                                   {"state"}};
    for (const auto& figure : inspect::figures) {
        columns.push_back({std::string(figure.key), right, figure.table_rank});
        if (has_rate_column(figure)) columns.push_back({rate_title(figure), right, 1});
    }
    columns.insert(columns.end(), {{"wait p50", right, 9},
                                   {"wait p99", right, 6},
                                   {"wait max", right, 10},
                                   {"run p50", right, 8},
                                   {"run p99", right, 5},
                                   {"run max", right, 10},
                                   {"uptime", right, 7}});
    Table table(std::move(columns));
    for (const auto& consumer : consumers) {
        if (!consumer.status) {
            table.add({consumer.name, std::to_string(consumer.pid), "", "", "not answering"});
            continue;
        }
        const auto& status = *consumer.status;
        std::vector<std::string> cells = {status.name, std::to_string(consumer.pid), status.queue,
                                          joined(status.patterns),
                                          std::string(work::to_string(status.state))};
        for (const auto& figure : inspect::figures) {
            cells.push_back(std::to_string(status.*figure.count));
            if (has_rate_column(figure))
                cells.push_back(fmt::format("{:.1f}", (status.*figure.rates).ten_seconds));
        }
        cells.insert(
            cells.end(),
            {measured(status.wait, status.wait.p50), measured(status.wait, status.wait.p99),
             measured(status.wait, status.wait.max), measured(status.run, status.run.p50),
             measured(status.run, status.run.p99), measured(status.run, status.run.max),
             util::format_duration(status.uptime)});
        table.add(std::move(cells));
    }
    return table.text(table_width());
}

std::string trouble_lines(const std::vector<inspect::Consumer>& consumers,
                          const std::vector<mq::QueueReport>& queues) {
    std::string out;
    for (const auto& consumer : consumers)
        if (const auto found = inspect::trouble(consumer, queues)) {
            const auto line = fmt::format("{} ({}) {}", util::printable(consumer.name, 60),
                                          consumer.pid, util::printable(found->why, 1000));
            out += (table_width() > 0 ? cut_to(line, table_width()) : line) + '\n';
        }
    return out;
}

std::string queue_table(const std::vector<mq::QueueReport>& queues) {
    constexpr auto right = Align::right;
    // Most queues have no limit.
    const bool limits = std::ranges::any_of(
        queues, [](const mq::QueueReport& report) { return !shown_limit(report.queue).empty(); });
    std::vector<Column> columns = {{"queue"},
                                   {"type", Align::left, 5},
                                   {"ready", right},
                                   {"unacked", right},
                                   {"consumers", right},
                                   {"oldest", right, 1},
                                   {"publish/s", right, 1},
                                   {"deliver/s", right, 2},
                                   {"ack/s", right, 2},
                                   {"redeliver/s", right, 3},
                                   {"memory", right, 4},
                                   {"policy", Align::left, 6},
                                   {"state", Align::left, 1}};
    if (limits) columns.insert(columns.begin() + 3, {"limit", right, 3});
    Table table(std::move(columns));
    for (const auto& report : queues) {
        const auto& queue = report.queue;
        const auto rate = [&queue](double QueueRates::*which) {
            return queue.rates ? fmt::format("{:.1f}", *queue.rates.*which) : unknown;
        };
        std::vector<std::string> cells = {queue.name,
                                          queue.type.empty() ? unknown : queue.type,
                                          shown(queue.ready),
                                          shown(queue.unacked),
                                          shown(queue.consumers),
                                          shown_age(queue),
                                          rate(&QueueRates::publish),
                                          rate(&QueueRates::deliver),
                                          rate(&QueueRates::ack),
                                          rate(&QueueRates::redeliver),
                                          shown_bytes(queue.memory),
                                          queue.policy,
                                          queue.state.empty() ? unknown : queue.state};
        if (limits) cells.insert(cells.begin() + 3, shown_limit(queue));
        table.add(std::move(cells));
    }
    return table.text(table_width());
}

std::string binding_table(const std::vector<mq::QueueReport>& queues) {
    Table table({{"queue"}, {"exchange"}, {"pattern"}});
    for (const auto& report : queues) {
        if (!report.bindings)
            table.add({report.queue.name, unknown, unknown});
        else if (report.bindings->empty())
            table.add({report.queue.name, "(not bound)", ""});
        else
            for (const auto& binding : *report.bindings)
                table.add({report.queue.name, binding.exchange, binding.pattern});
    }
    return table.text(table_width());
}

std::string pool_details(const inspect::Consumer& consumer) {
    const auto& status = consumer.status.value();
    std::string out;
    const auto line = [&out](std::string_view key, const auto& value) {
        out += fmt::format("{:<14} {}\n", key, value);
    };
    const auto times = [&](std::string_view key, const work::Percentiles& percentiles) {
        if (percentiles.count == 0)
            line(key, unknown);
        else
            line(key, fmt::format("p50 {}  p90 {}  p99 {}  max {}  of {}",
                                  util::format_duration(percentiles.p50),
                                  util::format_duration(percentiles.p90),
                                  util::format_duration(percentiles.p99),
                                  util::format_duration(percentiles.max), percentiles.count));
    };
    line("name", util::printable(status.name));
    line("pid", status.pid);
    line("queue", util::printable(status.queue));
    line("patterns", util::printable(joined(status.patterns), 1000));
    line("state", work::to_string(status.state));
    if (const auto found = inspect::trouble(consumer))
        line("trouble", util::printable(found->why, 1000));
    line("uptime", util::format_duration(status.uptime));
    for (const auto& figure : inspect::figures)
        line(figure.key, status.*figure.count);
    for (const auto& measured : inspect::all_times)
        times(measured.name, status.*measured.percentiles);
    for (const auto& figure : inspect::figures) {
        if (figure.rates == nullptr) continue;
        const auto& rates = status.*figure.rates;
        line(rate_title(figure), fmt::format("{:.1f} over 1s  {:.1f} over 10s  {:.1f} over 1m",
                                             rates.second, rates.ten_seconds, rates.minute));
    }
    for (const auto& task : status.tasks)
        line("running now",
             fmt::format("{}  {}  {}", util::format_duration(task.running),
                         util::printable(task.topic), util::printable(task.message_id)));
    for (const auto& failure : status.failures)
        line("failed",
             fmt::format("{}  {}  {}  {}", util::format_rfc3339(failure.at),
                         util::printable(failure.topic), util::printable(failure.message_id),
                         util::printable(failure.reason)));
    return out;
}

std::string pool_json(const inspect::Consumer& consumer, util::SystemTime now,
                      const std::vector<mq::QueueReport>& queues) {
    auto json = json_head("pool", now);
    inspect::add_members(json, consumer);
    const auto found = inspect::trouble(consumer, queues);
    return json.add("trouble", util::null_if_empty(found ? found->why : std::string())).line();
}

namespace {

util::JsonObject queue_object(const mq::QueueReport& report, util::SystemTime now,
                              bool with_bindings) {
    const auto& queue = report.queue;
    const auto flag = [&report](bool value) {
        return report.source != mq::QueueSource::amqp ? std::optional(value) : std::nullopt;
    };
    const auto rate = [&queue](double QueueRates::*which) {
        return queue.rates ? std::optional(util::JsonFixed{*queue.rates.*which, 1}) : std::nullopt;
    };
    auto json = json_head("queue", now)
                    .add("queue", util::null_if_empty(queue.name))
                    .add("name", util::null_if_empty(queue.name))
                    .add("type", util::null_if_empty(queue.type))
                    .add("ready", queue.ready)
                    .add("unacked", queue.unacked)
                    .add("consumers", queue.consumers)
                    .add("durable", flag(queue.durable))
                    .add("auto_delete", flag(queue.auto_delete))
                    .add("exclusive", flag(queue.exclusive))
                    .add("state", util::null_if_empty(queue.state))
                    .add("policy", util::null_if_empty(queue.policy))
                    .add("memory", queue.memory)
                    .add("max_length", mq::limit_of(queue, "max-length"))
                    .add("max_length_bytes", mq::limit_of(queue, "max-length-bytes"))
                    .add("publish_rate", rate(&QueueRates::publish))
                    .add("deliver_rate", rate(&QueueRates::deliver))
                    .add("ack_rate", rate(&QueueRates::ack))
                    .add("redeliver_rate", rate(&QueueRates::redeliver))
                    .add("head_age_s", age_in_seconds(queue, now))
                    .add("source", mq::to_string(report.source));
    if (with_bindings) json.add("bindings", bindings_json(report.bindings));
    return json;
}

// Absent where only a passive declare has told of the queue.
std::optional<util::JsonObject> arguments_json(const mq::QueueReport& report) {
    if (report.source == mq::QueueSource::amqp) return std::nullopt;
    util::JsonObject object;
    for (const auto& argument : report.queue.arguments)
        object.add(argument.name, util::JsonRaw{argument.value});
    return object;
}

std::string limits_text(const mq::QueueInfo& queue) {
    std::string text;
    if (const auto messages = mq::limit_of(queue, "max-length"))
        text += fmt::format(" of {} messages", *messages);
    if (const auto bytes = mq::limit_of(queue, "max-length-bytes"))
        text += fmt::format("{} of {}", text.empty() ? "" : ",", shown_bytes(bytes));
    return text;
}

}  // namespace

std::string queue_json(const mq::QueueReport& report, util::SystemTime now, bool with_bindings,
                       std::string_view broker) {
    auto json = queue_object(report, now, with_bindings);
    if (!broker.empty()) json.add("broker", broker);
    return json.line();
}

std::string queue_details(const mq::QueueReport& report,
                          const std::vector<mq::QueueReport>& companions) {
    const auto& queue = report.queue;
    std::string out;
    const auto line = [&out](std::string_view key, std::string_view value) {
        if (!value.empty()) out += fmt::format("{:<14} {}\n", key, value);
    };
    line("queue", util::printable(queue.name, 1000));
    line("type", queue.type);
    line("state", queue.state);
    line("ready", shown(queue.ready) + limits_text(queue));
    line("unacked", shown(queue.unacked));
    line("consumers", shown(queue.consumers));
    line("memory", queue.memory ? shown_bytes(queue.memory) : "");
    line("policy", util::printable(queue.policy));
    for (const auto& key : queue.policy_keys)
        line("  sets", util::printable(key.name + "=" + key.value));
    for (const auto& argument : queue.arguments)
        line("argument", util::printable(argument.name + "=" + argument.value));
    if (report.bindings && report.bindings->empty()) line("bound to", "nothing");
    if (report.bindings)
        for (const auto& binding : *report.bindings)
            line("bound to", fmt::format("{} of {}", util::printable(binding.pattern),
                                         util::printable(binding.exchange)));
    for (const auto& companion : companions)
        line(companion.queue.name == mq::dead_letter_queue_of(queue.name) ? "dead letters"
                                                                          : "retries",
             fmt::format("{} in {}", shown(companion.queue.ready),
                         util::printable(companion.queue.name)));
    return out;
}

std::string queue_details_json(const mq::QueueReport& report,
                               const std::vector<mq::QueueReport>& companions,
                               util::SystemTime now) {
    util::JsonArray others;
    for (const auto& companion : companions)
        others.add(util::JsonObject()
                       .add("queue", companion.queue.name)
                       .add("name", companion.queue.name)
                       .add("ready", companion.queue.ready));
    return queue_object(report, now, true)
        .add("arguments", arguments_json(report))
        .add("companions", others)
        .line();
}

}  // namespace airy::tools::output
