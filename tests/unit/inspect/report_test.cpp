// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "inspect/report.hpp"

#include <doctest/doctest.h>

#include <sstream>

#include "inspect/chart.hpp"
#include "util/error.hpp"

namespace airy::inspect {
namespace {

std::string pool_sample(int second, int handled, int pid = 7) {
    return R"({"kind":"pool","time":"2026-01-02T03:04:0)" + std::to_string(second) +
           R"(Z","name":"work","pid":)" + std::to_string(pid) +
           R"(,"cap":4,"running":2,"handled":)" + std::to_string(handled) +
           R"(,"run_ms":{"p50":1.5,"p99":20}})" + "\n";
}

TEST_CASE("totals are shown as rates, and a total that falls begins anew") {
    std::istringstream recording(pool_sample(1, 10) + pool_sample(2, 30) + pool_sample(3, 5) +
                                 pool_sample(4, 15));
    const auto page = html_report(recording, "night").html;
    CHECK(page.find("<title>night</title>") != page.npos);
    CHECK(page.find("<code>work (7)</code>") != page.npos);
    CHECK(page.find("handled <b>10 /s</b> <small>highest 20 /s</small>") != page.npos);
    CHECK(page.find("p99 <b>20 ms</b>") != page.npos);
}

TEST_CASE("handlers that run between two samples count as running, at most the cap") {
    const auto sample = [](int second, int running, int sum) {
        return R"({"kind":"pool","time":"2026-01-02T03:04:0)" + std::to_string(second) +
               R"(Z","name":"work","pid":7,"cap":4,"running":)" + std::to_string(running) +
               R"(,"run_ms":{"count":9,"p50":1,"p99":2,"sum":)" + std::to_string(sum) + "}}\n";
    };
    // 2.5 s of work in one second; then a handler of a minute ends.
    std::istringstream recording(sample(1, 0, 1000) + sample(2, 0, 3500) + sample(3, 1, 63'500) +
                                 sample(4, 3, 63'500));
    const auto page = html_report(recording, "").html;
    CHECK(page.find("running <b>3</b> <small>highest 4</small>") != page.npos);
    std::istringstream short_ones(sample(1, 0, 1000) + sample(2, 0, 3500));
    CHECK(html_report(short_ones, "").html.find("running <b>2.5</b>") != std::string::npos);
}

TEST_CASE("the page begins with a table and the broker; an idle queue has no charts") {
    const std::string start =
        R"({"kind":"queue","time":"2026-01-02T03:04:05Z","broker":"amqp://h/",)";
    std::istringstream recording(
        start + R"("queue":"busy","ready":3,"publish_rate":1.5})" + "\n" + start +
        R"("queue":"still","ready":0,"unacked":0,"publish_rate":0})" + "\n");
    const auto page = html_report(recording, "").html;
    CHECK(page.find("2 queues of <code>amqp://h/</code>") != page.npos);
    CHECK(page.find("<h2>queue <code>busy</code>") != page.npos);
    CHECK(page.find("<h2>queue <code>still</code>") == page.npos);
    CHECK(page.find("<td>still</td><td>0</td><td>0</td><td>0</td><td>0</td><td>idle</td>") !=
          page.npos);
    CHECK(page.find("<table>") < page.find("<svg"));
}

TEST_CASE("names cannot become markup") {
    std::istringstream recording(
        R"({"kind":"queue","time":"2026-01-02T03:04:05Z","queue":"<script>alert(1)</script>","ready":1})");
    const auto page = html_report(recording, "a & b").html;
    CHECK(page.find("<script>") == page.npos);
    CHECK(page.find("&lt;script&gt;") != page.npos);
    CHECK(page.find("<h1>a &amp; b</h1>") != page.npos);
}

TEST_CASE("lines that are not samples are skipped and counted; only such lines are an error") {
    const auto sample = pool_sample(3, 1);
    std::istringstream torn(pool_sample(1, 1) + "\n{\"kind\":\"other\"}\n" + pool_sample(2, 1) +
                            sample.substr(0, 40) + sample + sample.substr(0, 50));
    const auto report = html_report(torn, "");
    CHECK(report.html.find(": 2 samples of 1 pools") != report.html.npos);
    CHECK(report.skipped == 3);
    CHECK(report.first_skipped == 3);
    std::istringstream wrong("{\"kind\":\"other\"}\n");
    CHECK_THROWS_WITH_AS(html_report(wrong, ""),
                         "none of the recording's lines is a sample: 1, from line 1", Error);
    std::istringstream empty("\n\n");
    CHECK_THROWS_AS(html_report(empty, ""), Error);
}

TEST_CASE("a line breaks where samples are missing") {
    const Chart chart{"t", "", {{"a", {{0, 1}, {1, 1}, {100, 1}, {101, 1}}}}};
    const auto figure = svg_figure(chart, 0, 101, 10);
    const auto path = figure.substr(figure.find(" d=\""));
    std::size_t starts = 0;
    for (const char c : path.substr(0, path.find("/>")))
        starts += c == 'M';
    CHECK(starts == 2);
}

TEST_CASE("a long recording keeps its peaks") {
    Chart chart{"t", "", {{"a", {}}}};
    for (int i = 0; i < 100'000; ++i)
        chart.series[0].points.push_back({static_cast<double>(i), i == 54'321 ? 1000.0 : 1.0});
    const auto figure = svg_figure(chart, 0, 100'000, 10);
    CHECK(figure.size() < 40'000);
    CHECK(figure.find(",10.0") != figure.npos);  // the top of the chart
}

}  // namespace
}  // namespace airy::inspect
