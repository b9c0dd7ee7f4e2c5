// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <algorithm>
#include <limits>

#include "output/table.hpp"
#include "support/manual_clock.hpp"
#include "top/details.hpp"
#include "top/keys.hpp"
#include "top/listing.hpp"
#include "top/model.hpp"
#include "top/screen.hpp"
#include "top/sparkline.hpp"
#include "top/view.hpp"

namespace airy::tools::top {
namespace {

using inspect::Consumer;
using inspect::ControlOperation;
using mq::QueueReport;
using mq::QueueSource;

History history(const std::vector<std::optional<double>>& values) {
    History result;
    for (const auto& value : values)
        result.push(value);
    return result;
}

Consumer consumer(const std::string& name, int pid, std::uint64_t failed = 0) {
    work::ConsumerStatus status;
    status.name = name;
    status.pid = pid;
    status.queue = name;
    status.patterns = {"#"};
    status.state = work::ConsumerState::running;
    status.cap = 4;
    status.failed = failed;
    return {name, pid, "/run/" + name, status};
}

QueueReport queue(const std::string& name, std::uint64_t ready,
                  QueueSource source = QueueSource::both) {
    QueueReport report;
    report.queue.name = name;
    report.queue.ready = ready;
    if (source == QueueSource::both) report.queue.rates.emplace().publish = 3;
    report.source = source;
    return report;
}

std::vector<std::string> names(const Listing& listing) {
    std::vector<std::string> result;
    for (const auto& row : listing.rows())
        result.push_back(row.cells[0].text);
    return result;
}

// Moves the sort until this column is sorted.
void sort_by(Listing& listing, const std::string& title) {
    for (std::size_t i = 0; i < listing.columns().size(); ++i) {
        if (listing.columns()[listing.sort_column()].title == title) return;
        listing.move_sort(1);
    }
    FAIL("there is no column " << title);
}

bool shows(const std::vector<Line>& lines, const std::string& text) {
    return std::ranges::any_of(
        lines, [&](const Line& line) { return line.text.find(text) != std::string::npos; });
}

TEST_CASE("a sparkline is as wide as asked, the newest at the right, zero the lowest") {
    CHECK(sparkline(history({0, 1, 7}), 5, Charset::utf8) == "  ▁▂█");
    CHECK(sparkline(history({0, 1, 7}), 2, Charset::utf8) == "▂█");
    CHECK(sparkline(history({0, 1, 7}), 5, Charset::ascii) == "  _.#");
    CHECK(sparkline(history({0, 0}), 2, Charset::ascii) == "__");
    CHECK(sparkline(history({1e-9, 1e9}), 2, Charset::ascii) == ".#");
    CHECK(sparkline({}, 3, Charset::utf8) == "   ");
    CHECK(sparkline(history({1}), 0, Charset::utf8).empty());
}

TEST_CASE("a sparkline is blank where a value was not known or is no number") {
    const auto nan = std::numeric_limits<double>::quiet_NaN();
    CHECK(sparkline(history({1, std::nullopt, nan, 1}), 4, Charset::ascii) == "#  #");
}

TEST_CASE("a history keeps the newest values") {
    History values;
    for (std::size_t i = 0; i < History::capacity + 5; ++i)
        values.push(static_cast<double>(i));
    CHECK(values.values().size() == History::capacity);
    CHECK(values.values().front() == 5.0);
}

TEST_CASE("a bar shows any value above 0, and never overflows") {
    CHECK(bar(1, 2, 4, Charset::ascii) == "##  ");
    CHECK(bar(1, 1e6, 4, Charset::ascii) == "#   ");
    CHECK(bar(0, 5, 4, Charset::ascii) == "    ");
    CHECK(bar(9, 5, 3, Charset::ascii) == "###");
    CHECK(bar(0, 0, 2, Charset::ascii) == "  ");
}

TEST_CASE("pools sort by any column; figures begin with the highest; unknown stands last") {
    Model model(Charset::utf8);
    auto silent = consumer("hung", 3);
    silent.status.reset();
    model.take_pools({consumer("b", 1, 5), silent, consumer("a", 2, 40)});
    CHECK(names(model.pools()) == std::vector<std::string>{"a", "b", "hung"});
    sort_by(model.listing(), "failed");
    CHECK(names(model.pools()) == std::vector<std::string>{"a", "b", "hung"});
    model.listing().reverse();
    CHECK(names(model.pools()) == std::vector<std::string>{"b", "a", "hung"});
}

TEST_CASE("choosing the sort column goes round through every column") {
    Model model(Charset::ascii);
    model.take_pools({consumer("b", 1, 5), consumer("a", 2, 40)});
    model.take_queues({queue("q", 1), queue("r", 2, QueueSource::amqp)});
    for (int pane = 0; pane < 2; ++pane) {
        const auto count = model.listing().columns().size();
        for (std::size_t i = 0; i < count; ++i) {
            model.listing().move_sort(1);
            CHECK(model.listing().rows().size() == 2);
        }
        CHECK(model.listing().sort_column() == 0);
        model.listing().move_sort(-1);
        CHECK(model.listing().sort_column() == count - 1);
        model.switch_pane();
    }
}

TEST_CASE("the selection stays with its row, whatever the order and the new rows") {
    Model model(Charset::utf8);
    model.take_pools({consumer("b", 1), consumer("c", 2)});
    model.listing().select(1);
    CHECK(model.selected()->name == "c");
    model.take_pools({consumer("a", 3), consumer("b", 1), consumer("c", 2)});
    CHECK(model.selected()->name == "c");
    model.listing().reverse();
    CHECK(model.selected()->name == "c");
    model.take_pools({consumer("a", 3)});
    CHECK(model.selected()->name == "a");
    model.listing().select(-100);
    model.listing().select(100);
    CHECK(model.selected()->name == "a");
    model.take_pools({});
    CHECK(model.selected() == nullptr);
}

TEST_CASE("a queue leads to the consumer that works on it") {
    Model model(Charset::utf8);
    model.take_pools({consumer("work", 1)});
    model.take_queues({queue("other", 0), queue("work", 9)});
    model.switch_pane();
    CHECK(model.selected() == nullptr);
    model.listing().select(1);
    CHECK(model.selected()->name == "work");
}

TEST_CASE("unknown rates are not shown as zero") {
    Model model(Charset::ascii);
    model.take_queues({queue("told", 1), queue("untold", 1, QueueSource::amqp)});
    CHECK(model.queues().rows()[0].cells[5].text == "3.0");
    CHECK(model.queues().rows()[1].cells[5].text == "-");
    CHECK(model.rates_note().empty());  // noted already
}

TEST_CASE("the reason for unknown rates stands above the keys") {
    const test::ManualClock clock;
    const auto seen = [&clock](std::vector<QueueReport> queues) {
        View view(Charset::ascii, "", clock);
        News news;
        news.queues = std::move(queues);
        view.take(std::move(news));
        return view.lines({24, 100}, "");
    };
    CHECK(shows(seen({queue("a", 1, QueueSource::broker)}), "the broker keeps no rates"));
    CHECK(shows(seen({queue("a", 1), queue("b", 1, QueueSource::management)}),
                "no statistics yet of 1 queue;"));
    CHECK_FALSE(shows(seen({queue("a", 1)}), "statistics"));
}

// All content that a view can show.
View filled(const util::Clock& clock, int consumers, int queues) {
    View view(Charset::utf8, "amqp://guest:***@localhost", clock);
    News news;
    news.consumers.emplace();
    for (int i = 0; i < consumers; ++i) {
        auto one = consumer("consumer-" + std::to_string(i), i + 1);
        one.status->run.count = 3;
        one.status->run.up_to.fill(2);
        one.status->tasks.assign(64, {"post.published\x1b[2J", "id", 1, std::chrono::minutes(3)});
        one.status->failures.assign(5, {{}, "post.deleted", "id", "broken\n\x1b[31m ünïcödé 漢字"});
        if (i % 3 == 2) one.status.reset();
        news.consumers->push_back(std::move(one));
    }
    news.queues.emplace();
    for (int i = 0; i < queues; ++i)
        news.queues->push_back(queue("queue-漢字-" + std::to_string(i), 1u));
    news.queue_notes = {{"the management API does not answer\x1b[2J", "another", "a third"}};
    view.take(std::move(news));
    return view;
}

TEST_CASE("no view is larger than the screen, and nothing in it moves the cursor") {
    const test::ManualClock clock;
    for (const auto& [consumers, queues] :
         std::initializer_list<std::pair<int, int>>{{0, 0}, {1, 0}, {0, 1}, {3, 3}, {90, 200}})
        for (const int key : {int{'k'}, int{key_enter}, int{'?'}, int{'d'}}) {
            auto view = filled(clock, consumers, queues);
            view.press(key);
            for (const std::size_t columns : {1, 2, 10, 40, 80, 200})
                for (const std::size_t rows : {1, 2, 3, 4, 5, 10, 24, 60}) {
                    const auto lines = view.lines({rows, columns}, "12:00:00");
                    CHECK(lines.size() <= rows);
                    for (const auto& line : lines) {
                        CHECK(output::display_width(line.text) <= columns);
                        CHECK(std::ranges::none_of(line.text, [](char c) {
                            return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
                        }));
                    }
                }
        }
}

TEST_CASE(
    "consumers that do not keep up stand under the pools, with reasons; the rest is counted") {
    const test::ManualClock clock;
    View view(Charset::utf8, "", clock);
    News news;
    news.consumers.emplace();
    for (int i = 0; i < 9; ++i) {
        auto one = consumer("consumer-" + std::to_string(i), i + 1);
        one.status->failed_rates.minute = 1;
        one.status->failures.push_back({{}, "post.deleted", "id", "exit 1: no such host"});
        news.consumers->push_back(std::move(one));
    }
    view.take(std::move(news));
    const auto lines = view.lines({24, 80}, "");
    CHECK(shows(lines, "consumer-0 (1) failing: 100% of 1.0/s, last: exit 1: no such host"));
    CHECK(shows(lines, "and 6 more"));
    CHECK_FALSE(shows(view.lines({60, 80}, ""), "more that"));
    view.press(key_enter);
    CHECK(shows(view.lines({24, 80}, ""), "failing: 100% of 1.0/s"));
}

TEST_CASE("the selected row is on the screen") {
    const test::ManualClock clock;
    auto view = filled(clock, 90, 200);
    for (int i = 0; i < 90; ++i) {
        const auto lines = view.lines({10, 80}, "");
        CHECK(std::ranges::count(lines, Line::Style::selected, &Line::style) == 1);
        view.press(key_down);
    }
}

TEST_CASE("keys make orders; drain asks first") {
    const test::ManualClock clock;
    auto view = filled(clock, 2, 1);
    view.press('j');
    auto order = view.press('p');
    REQUIRE(order);
    CHECK(order->operation == ControlOperation::pause);
    CHECK(order->consumer.name == "consumer-1");
    CHECK(view.press('u')->operation == ControlOperation::resume);
    CHECK(view.press('+')->slots == 1);
    CHECK(view.press('-')->slots == -1);

    CHECK_FALSE(view.press('d'));
    CHECK(shows(view.lines({24, 80}, ""), "y/n"));
    CHECK_FALSE(view.press('n'));
    CHECK_FALSE(view.press('y'));
    view.press('d');
    order = view.press('y');
    REQUIRE(order);
    CHECK(order->operation == ControlOperation::drain);
    CHECK_FALSE(view.over());
    view.press('q');
    CHECK(view.over());
}

TEST_CASE("without consumers, keys make no orders") {
    const test::ManualClock clock;
    auto view = filled(clock, 0, 0);
    for (const int key : {int{'p'}, int{'u'}, int{'+'}, int{'-'}, int{'d'}, int{key_enter}})
        CHECK_FALSE(view.press(key));
    CHECK(shows(view.lines({24, 80}, ""), "no consumer"));
}

TEST_CASE("one consumer: its failures, running handlers, and the spread of its times") {
    const test::ManualClock clock;
    auto view = filled(clock, 1, 1);
    view.press(key_enter);
    const auto lines = view.lines({60, 100}, "");
    CHECK(shows(lines, "consumer-0 (1)  running"));
    CHECK(shows(lines, "Running: the oldest 15 of 64"));
    CHECK(shows(lines, "broken"));
    CHECK(shows(lines, "<= 1ms          2"));
    CHECK(shows(lines, "> 5m          1"));
    for (int i = 0; i < 100; ++i)
        view.press(key_page_down);
    CHECK_FALSE(shows(view.lines({20, 100}, ""), "queue consumer-0"));
    view.press(key_escape);
    CHECK(shows(view.lines({20, 100}, ""), "airy top"));
}

TEST_CASE(
    "the details of a consumer that ends give way to the overview, which says so for a while") {
    test::ManualClock clock;
    auto view = filled(clock, 1, 1);
    view.press(key_enter);
    News news;
    news.consumers.emplace();
    view.take(std::move(news));
    CHECK(shows(view.lines({20, 80}, ""), "has ended"));
    clock.advance(std::chrono::seconds(6));
    CHECK_FALSE(shows(view.lines({20, 80}, ""), "has ended"));
}

}  // namespace
}  // namespace airy::tools::top
