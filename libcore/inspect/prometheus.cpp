// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "inspect/prometheus.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <string_view>

#include "inspect/figures.hpp"
#include "util/text.hpp"

namespace airy::inspect {
namespace {

using work::ConsumerStatus;

double in_seconds(std::chrono::nanoseconds duration) {
    return std::chrono::duration<double>(duration).count();
}

// A label's value: UTF-8, with `\`, `"` and line ends escaped.
std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : util::is_utf8(text) ? std::string(text) : util::printable(text, 1000)) {
        if (c == '\\' || c == '"') out += '\\';
        if (c == '\n')
            out += "\\n";
        else
            out += c;
    }
    return out;
}

// One metric: its head, then a sample for each consumer, queue or exchange that has it.
class Family {
  public:
    Family(std::string& out, std::string_view name, std::string_view type, std::string_view help)
        : out_(out), name_(name) {
        out_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, type);
    }

    void sample(std::string_view labels, double value, std::string_view suffix = {}) {
        out_ += fmt::format("{}{}{{{}}} {}\n", name_, suffix, labels, value);
    }
    void sample(std::string_view labels, std::uint64_t value, std::string_view suffix = {}) {
        out_ += fmt::format("{}{}{{{}}} {}\n", name_, suffix, labels, value);
    }

  private:
    std::string& out_;
    std::string name_;
};

std::string labels_of(const ConsumerStatus& status) {
    return fmt::format(R"(consumer="{}",queue="{}")", escaped(status.name), escaped(status.queue));
}

void add(work::Percentiles& sum, const work::Percentiles& more) {
    sum.count += more.count;
    sum.sum += more.sum;
    for (std::size_t i = 0; i < sum.up_to.size(); ++i)
        sum.up_to[i] += more.up_to[i];
}

// One status for each name and queue, in the order of their first: two samples of one metric may
// not have the same labels. Holds what the metrics show.
std::vector<ConsumerStatus> summed_up(const std::vector<ConsumerStatus>& consumers) {
    std::vector<ConsumerStatus> sums;
    for (const auto& status : consumers) {
        const auto same = std::ranges::find_if(sums, [&status](const ConsumerStatus& sum) {
            return sum.name == status.name && sum.queue == status.queue;
        });
        if (same == sums.end()) {
            sums.push_back(status);
            continue;
        }
        for (const auto& figure : figures)
            (*same).*figure.count += status.*figure.count;
        for (const auto& times : all_times)
            add((*same).*times.percentiles, status.*times.percentiles);
        same->uptime = std::max(same->uptime, status.uptime);
    }
    return sums;
}

std::string_view type_of(FigureKind kind) {
    return kind == FigureKind::gauge ? "gauge" : "counter";
}

void histogram(Family& family, const std::string& labels, const work::Percentiles& times) {
    for (std::size_t i = 0; i < work::time_bounds.size(); ++i)
        family.sample(fmt::format(R"({},le="{}")", labels, in_seconds(work::time_bounds[i])),
                      times.up_to[i], "_bucket");
    family.sample(labels + R"(,le="+Inf")", times.count, "_bucket");
    family.sample(labels, in_seconds(times.sum), "_sum");
    family.sample(labels, times.count, "_count");
}

}  // namespace

std::string prometheus_text(const std::vector<ConsumerStatus>& each) {
    std::string out;
    if (each.empty()) return out;
    const auto consumers = summed_up(each);
    for (const auto& figure : figures) {
        if (figure.metric.empty()) continue;
        Family metric(out, figure.metric, type_of(figure.kind), figure.help);
        for (const auto& status : consumers)
            metric.sample(labels_of(status), status.*figure.count);
    }
    for (const auto& shared : shared_metrics) {
        Family metric(out, shared.name, "counter", shared.help);
        for (const auto& status : consumers)
            for (const auto& figure : figures)
                if (const auto value = figure.*shared.label_value; !value.empty())
                    metric.sample(
                        fmt::format(R"({},{}="{}")", labels_of(status), shared.label, value),
                        status.*figure.count);
    }
    for (const auto& times : all_times) {
        Family metric(out, times.metric, "histogram", times.help);
        for (const auto& status : consumers)
            histogram(metric, labels_of(status), status.*times.percentiles);
    }
    Family uptime(out, "airy_consumer_uptime_seconds", "gauge", "Since the consumer started.");
    for (const auto& status : consumers)
        uptime.sample(labels_of(status), in_seconds(status.uptime));
    Family info(out, "airy_consumer_info", "gauge",
                "Always 1; tells the process and the version of the consumer.");
    for (const auto& status : each)
        info.sample(fmt::format(R"({},pid="{}",version="{}")", labels_of(status), status.pid,
                                escaped(status.version)),
                    std::uint64_t{1});
    return out;
}

std::string prometheus_text(const std::vector<Consumer>& consumers) {
    if (consumers.empty()) return {};
    std::vector<ConsumerStatus> answering;
    for (const auto& consumer : consumers)
        if (consumer.status) answering.push_back(*consumer.status);
    std::string out = prometheus_text(answering);
    std::map<std::string, bool> answer;
    for (const auto& consumer : consumers) {
        const auto [name, first] = answer.try_emplace(consumer.name, true);
        name->second = name->second && consumer.status.has_value();
    }
    Family up(out, "airy_consumer_up", "gauge",
              "Whether the consumers of this name answer their control sockets.");
    for (const auto& [name, all] : answer)
        up.sample(fmt::format(R"(consumer="{}")", escaped(name)), std::uint64_t{all});
    return out;
}

std::string prometheus_text(const work::Percentiles& confirm, std::string_view exchange) {
    std::string out;
    // The help is the same as in a consumer's metrics: a collector of both refuses two helps for
    // one metric.
    Family metric(out, confirm_times.metric, "histogram", confirm_times.help);
    histogram(metric, fmt::format(R"(exchange="{}")", escaped(exchange)), confirm);
    return out;
}

std::string prometheus_text(const std::vector<mq::QueueReport>& queues) {
    std::string out;
    const auto labels = [](const mq::QueueReport& report) {
        return fmt::format(R"(queue="{}")", escaped(report.queue.name));
    };
    const auto gauge = [&](std::string_view name, std::string_view help, auto value) {
        Family metric(out, name, "gauge", help);
        for (const auto& report : queues)
            if (const auto told = value(report.queue)) metric.sample(labels(report), *told);
    };
    const auto rate = [&](std::string_view name, std::string_view help,
                          double mq::QueueRates::*value) {
        Family metric(out, name, "gauge", help);
        for (const auto& report : queues)
            if (const auto& rates = report.queue.rates)
                metric.sample(labels(report), *rates.*value);
    };
    if (queues.empty()) return out;
    gauge("airy_queue_messages_ready", "Messages that wait to be delivered.",
          [](const mq::QueueInfo& queue) { return queue.ready; });
    gauge("airy_queue_messages_unacked", "Messages delivered and not settled.",
          [](const mq::QueueInfo& queue) { return queue.unacked; });
    gauge("airy_queue_consumers", "Consumers of the queue.",
          [](const mq::QueueInfo& queue) { return queue.consumers; });
    gauge("airy_queue_oldest_message_age_seconds", "Age of the oldest message that waits.",
          [now = util::system_clock().now()](
              const mq::QueueInfo& queue) -> std::optional<std::uint64_t> {
              const auto age = mq::oldest_age(queue, now);
              if (!age) return std::nullopt;
              return std::chrono::floor<std::chrono::seconds>(*age).count();
          });
    gauge("airy_queue_memory_bytes", "Memory that the broker uses for the queue.",
          [](const mq::QueueInfo& queue) { return queue.memory; });
    rate("airy_queue_publish_rate", "Messages a second that came in.", &mq::QueueRates::publish);
    rate("airy_queue_deliver_rate", "Messages a second that went out.", &mq::QueueRates::deliver);
    rate("airy_queue_ack_rate", "Messages a second that were acknowledged.", &mq::QueueRates::ack);
    rate("airy_queue_redeliver_rate", "Messages a second that were delivered again.",
         &mq::QueueRates::redeliver);
    return out;
}

}  // namespace airy::inspect
