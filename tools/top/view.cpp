// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "top/view.hpp"

#include <fmt/core.h>

#include "inspect/control_directory.hpp"
#include "top/details.hpp"
#include "top/keys.hpp"
#include "top/screen.hpp"
#include "util/text.hpp"

namespace airy::tools::top {
namespace {

using inspect::ControlOperation;

constexpr auto message_stays = std::chrono::seconds(5);
constexpr std::ptrdiff_t page_rows = 10;

// The columns of history for which the screen has room beside the figures.
std::size_t spark_width(std::size_t columns) {
    return columns >= 160 ? 20 : columns >= 100 ? 12 : 8;
}

}  // namespace

View::View(Charset charset, std::string broker, const util::Clock& clock)
    : clock_(clock), model_(charset), broker_(std::move(broker)) {}

void View::take(News news) {
    if (news.consumers) {
        looked_ = true;
        model_.take_pools(std::move(*news.consumers));
    }
    if (news.queues) model_.take_queues(std::move(*news.queues));
    if (news.queue_notes) queue_notes_ = std::move(*news.queue_notes);
    if (!news.messages.empty()) say(std::move(news.messages.back()));
}

void View::say(std::string message) {
    message_ = std::move(message);
    said_ = clock_.steady();
}

const inspect::Consumer* View::subject() const {
    return page_ == Page::details ? model_.consumer(opened_) : model_.selected();
}

std::optional<Order> View::order(ControlOperation operation, int slots) {
    const auto* consumer = subject();
    if (consumer == nullptr) {
        say("no consumer is selected");
        return std::nullopt;
    }
    if (page_ == Page::help) return std::nullopt;
    return Order{*consumer, operation, slots};
}

std::optional<Order> View::answer(int key) {
    auto order = *std::exchange(question_, std::nullopt);
    message_.clear();
    if (key == 'y' || key == 'Y') return order;
    say("not drained");
    return std::nullopt;
}

void View::ask_to_drain() {
    question_ = order(ControlOperation::drain);
    if (question_)
        say(fmt::format("drain {} ({})? It takes no more, and ends. y/n",
                        util::printable(question_->consumer.name, 60), question_->consumer.pid));
}

void View::open_details() {
    if (page_ != Page::overview) return;
    const auto* consumer = model_.selected();
    if (consumer == nullptr) {
        say("no consumer on this host works on it");
        return;
    }
    opened_ = id_of(*consumer);
    scroll_ = 0;
    page_ = Page::details;
}

void View::back() {
    switch (page_) {
        case Page::overview:
            over_ = true;
            break;
        case Page::details:
            page_ = Page::overview;
            break;
        case Page::help:
            page_ = before_help_;
            break;
    }
}

void View::move(std::ptrdiff_t rows) {
    if (page_ == Page::overview) model_.listing().select(rows);
    if (page_ != Page::details) return;
    const auto up = static_cast<std::size_t>(rows < 0 ? -rows : 0);
    scroll_ = rows < 0 ? scroll_ - std::min(scroll_, up) : scroll_ + static_cast<std::size_t>(rows);
}

std::optional<Order> View::press(int key) {
    if (key == key_other || key == key_redraw) return std::nullopt;
    if (question_) return answer(key);
    switch (key) {
        case 'q':
        case key_escape:
            back();
            break;
        case '?':
        case 'h':
            if (page_ != Page::help) before_help_ = page_;
            page_ = Page::help;
            break;
        case 'k':
        case key_up:
            move(-1);
            break;
        case 'j':
        case key_down:
            move(1);
            break;
        case key_page_up:
            move(-page_rows);
            break;
        case key_page_down:
            move(page_rows);
            break;
        case '\t':
            if (page_ == Page::overview) model_.switch_pane();
            break;
        case '<':
        case '>':
            if (page_ == Page::overview) model_.listing().move_sort(key == '<' ? -1 : 1);
            break;
        case 'r':
            if (page_ == Page::overview) model_.listing().reverse();
            break;
        case key_enter:
            open_details();
            break;
        case 'p':
            return order(ControlOperation::pause);
        case 'u':
            return order(ControlOperation::resume);
        case '+':
        case '-':
            return order(ControlOperation::resize, key == '+' ? 1 : -1);
        case 'd':
            ask_to_drain();
            break;
        default:
            break;
    }
    return std::nullopt;
}

std::vector<Line> View::lines(Size size, std::string time) {
    if (!question_ && clock_.steady() - said_ > message_stays) message_.clear();
    model_.set_spark_width(spark_width(size.columns));
    Surroundings around{std::move(time), broker_, queue_notes_, message_, question_.has_value()};
    if (page_ == Page::help) return help(size);
    if (page_ == Page::details) {
        if (const auto* consumer = model_.consumer(opened_))
            return details(*consumer, model_.reports(), model_.handled(opened_), around, size,
                           model_.charset(), scroll_);
        page_ = Page::overview;
        say("the consumer has ended");
        around.message = message_;
    }
    if (!looked_)
        around.notes = {"looking for consumers…"};
    else if (model_.pools().rows().empty())
        around.notes.insert(around.notes.begin(), std::string(inspect::none_seen));
    if (!model_.rates_note().empty()) around.notes.push_back(model_.rates_note());
    return overview(model_, around, size);
}

}  // namespace airy::tools::top
