// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "output/metrics.hpp"

#include <fmt/core.h>

#include <optional>

#include "inspect/consumer_json.hpp"
#include "inspect/trouble.hpp"
#include "output/stream.hpp"
#include "output/table.hpp"
#include "util/duration.hpp"
#include "util/json_text.hpp"
#include "util/text.hpp"
#include "util/timestamp.hpp"

namespace airy::tools::output {
namespace {

using inspect::QueueRates;

constexpr const char* unknown = "-";

// The terminal's, or 0 where stdout is none.
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

std::string or_null(const std::optional<std::uint64_t>& number) {
    return number ? std::to_string(*number) : "null";
}

std::string text_or_null(const std::string& text) {
    if (text.empty()) return "null";
    return util::quote_any_json(text);
}

std::string rate_of(const inspect::QueueInfo& queue, double QueueRates::*which,
                    const char* otherwise) {
    return queue.rates ? fmt::format("{:.1f}", *queue.rates.*which) : otherwise;
}

std::string shown_bytes(const std::optional<std::uint64_t>& bytes) {
    if (!bytes) return unknown;
    if (*bytes < 1024) return fmt::format("{} B", *bytes);
    if (*bytes < 1024 * 1024) return fmt::format("{:.0f} KiB", static_cast<double>(*bytes) / 1024);
    return fmt::format("{:.1f} MiB", static_cast<double>(*bytes) / (1024 * 1024));
}

// Of the oldest message: seconds, where its publisher set a timestamp.
std::optional<std::uint64_t> head_age(const inspect::QueueInfo& queue, util::SystemTime now) {
    if (!queue.head_timestamp) return std::nullopt;
    const auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    return seconds > *queue.head_timestamp
               ? static_cast<std::uint64_t>(seconds - *queue.head_timestamp)
               : 0;
}

std::string bindings_json(const std::optional<std::vector<inspect::BindingInfo>>& bindings) {
    if (!bindings) return "null";
    std::string out = "[";
    for (const auto& binding : *bindings)
        out += fmt::format(R"({}{{"exchange":{},"pattern":{}}})", out.size() > 1 ? "," : "",
                           util::quote_any_json(binding.exchange),
                           util::quote_any_json(binding.pattern));
    return out + "]";
}

std::string json_head(const char* kind, util::SystemTime now) {
    return fmt::format(R"({{"kind":"{}","time":"{}",)", kind, util::format_rfc3339(now));
}

}  // namespace

std::string pool_table(const std::vector<inspect::Consumer>& consumers) {
    constexpr auto right = Align::right;
    Table table({{"name"},
                 {"pid", right},
                 {"queue", Align::left, 5},
                 {"patterns", Align::left, 11},
                 {"state"},
                 {"cap", right},
                 {"running", right},
                 {"free", right, 3},
                 {"waiting", right, 2},
                 {"in_flight", right, 4},
                 {"handled", right},
                 {"handled/s", right, 1},
                 {"failed", right},
                 {"retried", right, 2},
                 {"dead_lettered", right, 3},
                 {"wait p50", right, 9},
                 {"wait p99", right, 6},
                 {"wait max", right, 10},
                 {"run p50", right, 8},
                 {"run p99", right, 5},
                 {"run max", right, 10},
                 {"uptime", right, 7}});
    for (const auto& consumer : consumers) {
        if (!consumer.status) {
            table.add({consumer.name, std::to_string(consumer.pid), "", "", "not answering"});
            continue;
        }
        const auto& status = *consumer.status;
        table.add({status.name,
                   std::to_string(consumer.pid),
                   status.queue,
                   joined(status.patterns),
                   std::string(work::to_string(status.state)),
                   std::to_string(status.cap),
                   std::to_string(status.running),
                   std::to_string(status.free),
                   std::to_string(status.waiting),
                   std::to_string(status.in_flight),
                   std::to_string(status.handled),
                   fmt::format("{:.1f}", status.handled_rates.ten_seconds),
                   std::to_string(status.failed),
                   std::to_string(status.retried),
                   std::to_string(status.dead_lettered),
                   measured(status.wait, status.wait.p50),
                   measured(status.wait, status.wait.p99),
                   measured(status.wait, status.wait.max),
                   measured(status.run, status.run.p50),
                   measured(status.run, status.run.p99),
                   measured(status.run, status.run.max),
                   util::format_duration(status.uptime)});
    }
    return table.text(table_width());
}

std::string trouble_lines(const std::vector<inspect::Consumer>& consumers,
                          const std::vector<inspect::QueueReport>& queues) {
    std::string out;
    for (const auto& consumer : consumers)
        if (const auto found = inspect::trouble(consumer, queues)) {
            const auto line = fmt::format("{} ({}) {}", util::printable(consumer.name, 60),
                                          consumer.pid, util::printable(found->why, 1000));
            out += (table_width() > 0 ? cut_to(line, table_width()) : line) + '\n';
        }
    return out;
}

std::string queue_table(const std::vector<inspect::QueueReport>& queues) {
    constexpr auto right = Align::right;
    Table table({{"queue"},
                 {"type", Align::left, 5},
                 {"ready", right},
                 {"unacked", right},
                 {"consumers", right},
                 {"publish/s", right, 1},
                 {"deliver/s", right, 2},
                 {"ack/s", right, 2},
                 {"redeliver/s", right, 3},
                 {"memory", right, 4},
                 {"policy", Align::left, 6},
                 {"state", Align::left, 1}});
    for (const auto& report : queues) {
        const auto& queue = report.queue;
        const auto rate = [&queue](double QueueRates::*which) {
            return rate_of(queue, which, unknown);
        };
        table.add({queue.name, queue.type.empty() ? unknown : queue.type, shown(queue.ready),
                   shown(queue.unacked), shown(queue.consumers), rate(&QueueRates::publish),
                   rate(&QueueRates::deliver), rate(&QueueRates::ack), rate(&QueueRates::redeliver),
                   shown_bytes(queue.memory), queue.policy,
                   queue.state.empty() ? unknown : queue.state});
    }
    return table.text(table_width());
}

std::string binding_table(const std::vector<inspect::QueueReport>& queues) {
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
    line("cap", status.cap);
    line("running", status.running);
    line("free", status.free);
    line("waiting", status.waiting);
    line("in_flight", status.in_flight);
    line("handled", status.handled);
    line("failed", status.failed);
    line("retried", status.retried);
    line("dead_lettered", status.dead_lettered);
    times("wait", status.wait);
    times("run", status.run);
    times("confirm", status.confirm);
    const auto pace = [&line](std::string_view key, const work::Rates& rates) {
        line(key, fmt::format("{:.1f} over 1s  {:.1f} over 10s  {:.1f} over 1m", rates.second,
                              rates.ten_seconds, rates.minute));
    };
    pace("handled/s", status.handled_rates);
    pace("failed/s", status.failed_rates);
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
                      const std::vector<inspect::QueueReport>& queues) {
    std::string out = json_head("pool", now);
    if (consumer.status) {
        out += inspect::to_json(*consumer.status).substr(1);
    } else {
        out +=
            fmt::format(R"("name":{},"pid":{},"queue":null,"patterns":[],"state":"not answering")",
                        text_or_null(consumer.name), consumer.pid);
        for (const char* key :
             {"handled_rate", "failed_rate", "tasks", "failures", "uptime_s", "cap", "running",
              "free", "waiting", "in_flight", "handled", "failed", "retried", "dead_lettered",
              "wait_ms", "run_ms", "confirm_ms"})
            out += fmt::format(R"(,"{}":null)", key);
        out += '}';
    }
    const auto found = inspect::trouble(consumer, queues);
    out.pop_back();  // the object goes on
    out += fmt::format(R"(,"trouble":{}}})", text_or_null(found ? found->why : std::string()));
    out += '\n';
    return out;
}

std::string queue_json(const inspect::QueueReport& report, util::SystemTime now,
                       bool with_bindings) {
    const auto& queue = report.queue;
    const bool told = report.source != inspect::QueueSource::amqp;
    const auto flag = [told](bool value) { return !told ? "null" : value ? "true" : "false"; };
    const auto rate = [&queue](double QueueRates::*which) { return rate_of(queue, which, "null"); };
    return json_head("queue", now) +
           fmt::format(R"("queue":{},"type":{},"ready":{},"unacked":{},"consumers":{},"durable":{})"
                       R"(,"auto_delete":{},"exclusive":{},"state":{},"policy":{},"memory":{})"
                       R"(,"publish_rate":{},"deliver_rate":{},"ack_rate":{},"redeliver_rate":{})"
                       R"(,"head_age_s":{},"source":"{}"{}}})",
                       text_or_null(queue.name), text_or_null(queue.type), or_null(queue.ready),
                       or_null(queue.unacked), or_null(queue.consumers), flag(queue.durable),
                       flag(queue.auto_delete), flag(queue.exclusive), text_or_null(queue.state),
                       text_or_null(queue.policy), or_null(queue.memory),
                       rate(&QueueRates::publish), rate(&QueueRates::deliver),
                       rate(&QueueRates::ack), rate(&QueueRates::redeliver),
                       or_null(head_age(queue, now)), inspect::to_string(report.source),
                       with_bindings ? ",\"bindings\":" + bindings_json(report.bindings) : "") +
           "\n";
}

}  // namespace airy::tools::output
