// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "inspect/figures.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "inspect/chart.hpp"
#include "inspect/consumer_json.hpp"
#include "inspect/prometheus.hpp"
#include "inspect/report.hpp"

namespace airy::inspect {
namespace {

using nlohmann::json;

// Counts of different values, from `first` on.
work::ConsumerStatus status_from(std::uint64_t first) {
    work::ConsumerStatus status;
    status.name = "orders";
    status.pid = 7;
    status.queue = "work";
    for (const auto& figure : figures) {
        status.*figure.count = first++;
        if (figure.rates != nullptr)
            (status.*figure.rates) = {static_cast<double>(first), 10.5, 60.5};
    }
    for (const auto& times : all_times) {
        auto& measured = status.*times.percentiles;
        measured = {first, std::chrono::milliseconds(first), {}, {}, {}, {}, {}};
        measured.up_to.fill(first++);
    }
    return status;
}

json members_of(const Consumer& consumer) {
    util::JsonObject object;
    add_members(object, consumer);
    return json::parse(object.text());
}

std::set<std::string> keys_of(const json& object) {
    std::set<std::string> keys;
    for (const auto& [key, value] : object.items())
        keys.insert(key);
    return keys;
}

std::string sample_line(const work::ConsumerStatus& status, const std::string& second) {
    auto sample = members_of({status.name, status.pid, "/run/orders", status});
    sample["kind"] = "pool";
    sample["time"] = "2026-01-02T03:04:0" + second + "Z";
    return sample.dump() + "\n";
}

TEST_CASE("every figure goes through JSON and back") {
    const auto status = status_from(1000);
    const auto object = json::parse(to_json(status));
    const auto back = parse_consumer_status(to_json(status));
    for (const auto& figure : figures) {
        CAPTURE(figure.key);
        CHECK(object.at(figure.key) == status.*figure.count);
        CHECK(back.*figure.count == status.*figure.count);
        if (figure.rates == nullptr) continue;
        CHECK((back.*figure.rates).second == (status.*figure.rates).second);
        CHECK((back.*figure.rates).minute == 60.5);
    }
    for (const auto& times : all_times) {
        CAPTURE(times.key);
        CHECK(object.at(times.key).at("count") == (status.*times.percentiles).count);
        CHECK((back.*times.percentiles).p50 == (status.*times.percentiles).p50);
        CHECK((back.*times.percentiles).up_to == (status.*times.percentiles).up_to);
    }
}

TEST_CASE("a consumer that does not answer has all keys, its figures null") {
    const auto live = members_of({"orders", 7, "/run/orders", status_from(1000)});
    const auto silent = members_of({"orders", 7, "/run/orders", {}});
    CHECK(keys_of(silent) == keys_of(live));
    CHECK(silent.at("name") == "orders");
    CHECK(silent.at("pid") == 7);
    CHECK(silent.at("state") == "not answering");
    CHECK(silent.at("patterns") == json::array());
    for (const auto& figure : figures) {
        CAPTURE(figure.key);
        CHECK(silent.at(figure.key).is_null());
    }
    for (const auto& times : all_times)
        CHECK(silent.at(times.key).is_null());
}

TEST_CASE("the keys that programs rely on") {
    const std::set<std::string> kept = {
        "name",       "pid",        "queue",    "patterns",      "state",
        "uptime_s",   "cap",        "running",  "free",          "waiting",
        "in_flight",  "handled",    "failed",   "retried",       "discarded",
        "duplicates", "reconnects", "wait_ms",  "dead_lettered", "run_ms",
        "confirm_ms", "tasks",      "failures", "handled_rate",  "failed_rate"};
    const auto keys = keys_of(members_of({"orders", 7, "/run/orders", {}}));
    for (const auto& key : kept) {
        CAPTURE(key);
        CHECK(keys.count(key) == 1);
    }
}

TEST_CASE("every figure that has a metric is a sample of it") {
    const auto status = status_from(1000);
    const auto text = prometheus_text(std::vector{status});
    const std::string labels = R"(consumer="orders",queue="work")";
    const auto has = [&text](const std::string& line) {
        return text.find("\n" + line + "\n") != text.npos;
    };
    for (const auto& figure : figures) {
        CAPTURE(figure.key);
        const auto value = status.*figure.count;
        if (!figure.metric.empty())
            CHECK(has(fmt::format("{}{{{}}} {}", figure.metric, labels, value)));
        for (const auto& shared : shared_metrics)
            if (const auto label = figure.*shared.label_value; !label.empty())
                CHECK(has(fmt::format(R"({}{{{},{}="{}"}} {})", shared.name, labels, shared.label,
                                      label, value)));
        // `free` has no metric: it is cap less running.
        const bool told =
            !figure.metric.empty() || !figure.task_outcome.empty() || !figure.settlement.empty();
        CHECK(told == (figure.key != "free"));
    }
    for (const auto& times : all_times)
        CHECK(has(fmt::format("{}_count{{{}}} {}", times.metric, labels,
                              (status.*times.percentiles).count)));
}

TEST_CASE("the metrics that dashboards rely on, with their types and helps") {
    const auto text = "\n" + prometheus_text(std::vector{status_from(1000)});
    for (const std::string kept : {
             "airy_pool_capacity Most handlers that run at once.\n# TYPE airy_pool_capacity gauge",
             "airy_pool_running Handlers that run.\n# TYPE airy_pool_running gauge",
             "airy_pool_waiting Messages that wait for a slot.\n# TYPE airy_pool_waiting gauge",
             "airy_pool_tasks_total Handlers that ended, by outcome.\n"
             "# TYPE airy_pool_tasks_total counter",
             "airy_pool_wait_seconds From the arrival of a message until its handler starts.\n"
             "# TYPE airy_pool_wait_seconds histogram",
             "airy_pool_run_seconds Of the handler.\n# TYPE airy_pool_run_seconds histogram",
             "airy_messages_total Messages, by what became of them.\n"
             "# TYPE airy_messages_total counter",
             "airy_publish_confirm_seconds From publishing a message until the broker has "
             "confirmed it.\n# TYPE airy_publish_confirm_seconds histogram",
             "airy_messages_in_flight Messages taken from the broker and not settled yet.\n"
             "# TYPE airy_messages_in_flight gauge",
             "airy_reconnects_total Connections that were made again.\n"
             "# TYPE airy_reconnects_total counter",
             "airy_consumer_uptime_seconds Since the consumer started.\n"
             "# TYPE airy_consumer_uptime_seconds gauge",
         }) {
        CAPTURE(kept);
        CHECK(text.find("\n# HELP " + kept + "\n") != text.npos);
    }
    for (const std::string label :
         {R"(outcome="ok")", R"(outcome="failed")", R"(settlement="ack")", R"(settlement="retry")",
          R"(settlement="dead_letter")", R"(settlement="discard")", R"(settlement="duplicate")"}) {
        CAPTURE(label);
        CHECK(text.find("," + label + "} ") != text.npos);
    }
}

TEST_CASE("a publisher's confirms have the help that a consumer's have") {
    const auto text = prometheus_text(work::Percentiles(), "airy.events");
    CHECK(text.find(fmt::format("# HELP {} {}\n", confirm_times.metric, confirm_times.help)) == 0);
}

TEST_CASE(
    "every figure is a line in a chart of the report: gauges as they are, counters a second") {
    auto later = status_from(1000);
    std::uint64_t more = 50;
    for (const auto& figure : figures)
        later.*figure.count += more++;
    std::istringstream recording(sample_line(status_from(1000), "1") + sample_line(later, "2"));
    const auto page = html_report(recording, "night").html;
    more = 50;
    for (const auto& figure : figures) {
        CAPTURE(figure.key);
        const auto shown = figure.kind == FigureKind::gauge
                               ? fmt::format("{} <b>{}", figure.name, later.*figure.count)
                               : fmt::format("{} <b>{} /s", figure.name, more);
        CHECK(page.find("</span>" + shown + "</b>") != page.npos);
        CHECK(page.find(fmt::format("<li title=\"{}\">", figure.help)) != page.npos);
        ++more;
    }
    for (const auto& times : all_times)
        CHECK(page.find(fmt::format("<figcaption>{} ", html_escaped(times.chart))) != page.npos);
}

TEST_CASE("times that were never measured have no chart") {
    work::ConsumerStatus idle;
    std::istringstream recording(sample_line(idle, "1") + sample_line(idle, "2"));
    const auto page = html_report(recording, "night").html;
    CHECK(page.find("<figcaption>Slots") != page.npos);
    for (const auto& times : all_times)
        CHECK(page.find(fmt::format("<figcaption>{} ", html_escaped(times.chart))) == page.npos);
}

}  // namespace
}  // namespace airy::inspect
