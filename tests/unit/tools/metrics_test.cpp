// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "output/metrics.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "inspect/figures.hpp"
#include "output/stream.hpp"
#include "top/details.hpp"
#include "top/model.hpp"

// Keeps tables at their full width, whatever stdout of this test is.
namespace airy::tools::output {
bool stdout_is_terminal() noexcept {
    return false;
}
int terminal_width(int otherwise) noexcept {
    return otherwise;
}
}  // namespace airy::tools::output

namespace airy::tools {
namespace {

using inspect::Consumer;

// Every figure has a different value.
Consumer consumer() {
    work::ConsumerStatus status;
    status.name = "orders";
    status.pid = 7;
    status.queue = "work";
    status.state = work::ConsumerState::running;
    std::uint64_t value = 1000;
    for (const auto& figure : inspect::figures)
        status.*figure.count = value++;
    return {status.name, status.pid, "/run/orders", status};
}

std::vector<std::string> words_of(const std::string& line) {
    std::istringstream in(line);
    std::vector<std::string> words;
    for (std::string word; in >> word;)
        words.push_back(word);
    return words;
}

std::vector<std::string> lines_of(const std::string& text) {
    std::istringstream in(text);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);)
        lines.push_back(line);
    return lines;
}

TEST_CASE("every figure has its column in the table of pools") {
    const auto shown = consumer();
    const auto lines = lines_of(output::pool_table({shown}));
    REQUIRE(lines.size() == 2);
    // The consumer has no patterns, so that cell is empty; the cells of a figure end below its
    // title.
    for (const auto& figure : inspect::figures) {
        CAPTURE(figure.key);
        const auto title = lines[0].find("  " + std::string(figure.key) + "  ");
        REQUIRE(title != lines[0].npos);
        const auto end = title + 2 + figure.key.size();
        CHECK(words_of(lines[1].substr(0, end)).back() ==
              std::to_string((*shown.status).*figure.count));
    }
}

TEST_CASE("every figure and all times have their line in pool show") {
    const auto shown = consumer();
    const auto lines = lines_of(output::pool_details(shown));
    const auto has = [&lines](const std::string& line) {
        return std::ranges::find(lines, line) != lines.end();
    };
    for (const auto& figure : inspect::figures) {
        CAPTURE(figure.key);
        CHECK(has(fmt::format("{:<14} {}", figure.key, (*shown.status).*figure.count)));
        if (figure.rates != nullptr)
            CHECK(has(fmt::format("{:<14} 0.0 over 1s  0.0 over 10s  0.0 over 1m",
                                  fmt::format("{}/s", figure.key))));
    }
    for (const auto& times : inspect::all_times)
        CHECK(has(fmt::format("{:<14} -", times.name)));
}

TEST_CASE("a queue as JSON, byte for byte: unknown values are null") {
    mq::QueueReport report;
    report.queue.name = "wo\"rk";
    report.source = mq::QueueSource::amqp;
    const util::SystemTime now(std::chrono::seconds(1'700'000'010));
    CHECK(
        output::queue_json(report, now) ==
        R"({"kind":"queue","time":"2023-11-14T22:13:30Z","queue":"wo\"rk","name":"wo\"rk","type":null,)"
        R"("ready":null,"unacked":null,"consumers":null,"durable":null,"auto_delete":null,)"
        R"("exclusive":null,"state":null,"policy":null,"memory":null,"max_length":null,"max_length_bytes":null,"publish_rate":null,)"
        R"("deliver_rate":null,"ack_rate":null,"redeliver_rate":null,"head_age_s":null,)"
        R"("source":"amqp"})"
        "\n");
    report.source = mq::QueueSource::both;
    report.queue.type = "quorum";
    report.queue.ready = 9'007'199'254'740'993;
    report.queue.unacked = 0;
    report.queue.consumers = 2;
    report.queue.durable = true;
    report.queue.exclusive = false;
    report.queue.auto_delete = false;
    report.queue.state = "running";
    report.queue.policy = "p";
    report.queue.memory = 4096;
    report.queue.rates.emplace() = {1.25, 2, 0, 1e6};
    report.queue.head_timestamp = 1'700'000'000;
    auto& bindings = report.bindings.emplace(2);
    bindings[0].exchange = "airy.events";
    bindings[0].pattern = "post.*";
    bindings[1].pattern = "wo\"rk";
    CHECK(
        output::queue_json(report, now, true) ==
        R"({"kind":"queue","time":"2023-11-14T22:13:30Z","queue":"wo\"rk","name":"wo\"rk","type":"quorum",)"
        R"("ready":9007199254740993,"unacked":0,"consumers":2,"durable":true,)"
        R"("auto_delete":false,"exclusive":false,"state":"running","policy":"p","memory":4096,"max_length":null,"max_length_bytes":null,)"
        R"("publish_rate":1.2,"deliver_rate":2.0,"ack_rate":0.0,"redeliver_rate":1000000.0,)"
        R"("head_age_s":10,"source":"management+amqp","bindings":[{"exchange":"airy.events",)"
        R"("pattern":"post.*"},{"exchange":"","pattern":"wo\"rk"}]})"
        "\n");
    report.bindings.reset();
    CHECK(output::queue_json(report, now, true).find(R"(,"bindings":null})") != std::string::npos);
}

TEST_CASE("every figure has its column in top, and its place on the page about one consumer") {
    const auto shown = consumer();
    auto silent = Consumer{"stopped", 8, "/run/stopped", {}};
    top::Model model(top::Charset::ascii);
    model.take_pools({shown, silent});
    const auto& listing = model.pools();
    REQUIRE(listing.rows().size() == 2);
    std::size_t scroll = 0;
    std::string page;
    for (const auto& line :
         top::details(shown, {}, top::History(), {}, {50, 200}, top::Charset::ascii, scroll))
        page += "  " + line.text + "  \n";
    for (const auto& figure : inspect::figures) {
        CAPTURE(figure.key);
        const auto value = std::to_string((*shown.status).*figure.count);
        const auto column =
            std::ranges::find(listing.columns(), figure.top_title, &output::Column::title) -
            listing.columns().begin();
        REQUIRE(column < std::ssize(listing.columns()));
        const auto place = static_cast<std::size_t>(column);
        CHECK(listing.rows()[0].cells[place].text == value);
        CHECK(listing.rows()[1].cells[place].text.empty());
        CHECK(page.find(fmt::format("  {} {}  ", figure.name, value)) != page.npos);
    }
}

}  // namespace
}  // namespace airy::tools
