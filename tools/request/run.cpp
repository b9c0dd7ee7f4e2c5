// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "request/run.hpp"

#include <fmt/core.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "event/message_line.hpp"
#include "exit_codes.hpp"
#include "input/records.hpp"
#include "mq/broker.hpp"
#include "output/progress.hpp"
#include "output/stream.hpp"
#include "publish/patience.hpp"
#include "reconnect_option.hpp"
#include "request/book.hpp"
#include "util/error.hpp"
#include "util/signals.hpp"
#include "util/text.hpp"

namespace airy::tools::request {
namespace {

constexpr std::size_t longest_request = 128 << 20;  // bytes; RabbitMQ's own limit of a message

BookOptions book_options(const Options& options) {
    BookOptions book;
    book.replies = options.replies;
    if (options.timeout.count() > 0) book.timeout = options.timeout;
    book.ordered = options.ordered;
    book.keeps_messages = options.endpoint.reconnect.enabled;
    return book;
}

// The body as it is shown on a terminal: nothing in it can move the cursor.
std::string shown(std::string_view body) {
    std::string text;
    while (!body.empty()) {
        const auto end = std::min(body.find('\n'), body.size());
        text += util::printable(body.substr(0, end), body.size()) + '\n';
        body.remove_prefix(std::min(end + 1, body.size()));
    }
    return text;
}

// Requests and their replies, from the first to the last. Main thread.
class Conversation {
  public:
    explicit Conversation(const Options& options)
        : options_(options),
          book_(
              book_options(options),
              [this](const mq::Delivered& reply, bool is_error) { print(reply, is_error); },
              [this](std::uint64_t line, const Error& error) { fail(line, error); }),
          records_(STDIN_FILENO, options.separator, longest_request) {}

    int ask(event::Message request);
    int ask_all(const MakeRequest& make_request);

  private:
    struct Next {
        Book::Number number;
        event::Message message;
    };

    std::optional<int> talk();
    std::optional<int> connect();
    bool reading() const { return make_request_ != nullptr && !stopping_ && !input_over(); }
    bool input_over() const { return records_.ended() && drained_; }
    bool has_room() const { return book_.size() < options_.window; }
    bool done() const { return !reading() && book_.empty(); }
    bool can_submit() const;
    bool next_from_input();
    void submit_what_is_there();
    bool submit(Next& next);
    void wait();
    void take_events();
    void take(const mq::PublisherEvent& event);
    void print(const mq::Delivered& reply, bool is_error) const;
    void fail(std::uint64_t line, const Error& error);
    std::optional<int> take_signal();
    std::string account() const;
    void summarize(std::chrono::duration<double> took) const;
    int finish();

    const Options& options_;
    const MakeRequest* make_request_ = nullptr;  // null: there is one request
    util::SignalFd signals_;
    std::unique_ptr<mq::Broker> broker_;
    std::unique_ptr<mq::Publisher> publisher_;
    Book book_;
    input::Records records_;
    std::deque<Next> waiting_;  // for room in the publisher's window
    bool no_room_ = false;
    bool drained_ = false;   // no whole record is left in the input read so far
    bool stopping_ = false;  // reads no more input
    int signal_ = 0;
    util::SteadyTime give_up_at_{};  // after a signal, unless a reply comes
    struct FirstFailure {
        std::uint64_t line;
        Error error;
    };
    std::optional<FirstFailure> first_failure_;
};

void Conversation::print(const mq::Delivered& reply, bool is_error) const {
    const auto& body = reply.message.body;
    if (options_.json) {
        std::string line;
        event::append_message_line(line, reply.message, reply.queue, reply.redelivered,
                                   reply.received_at);
        output::print(line + '\n');
    } else if (is_error) {
        return;  // stderr tells the words
    } else if (output::stdout_is_terminal()) {
        output::print(shown(body));
    } else {
        output::print(body);
        if (!body.ends_with(options_.separator)) output::print({&options_.separator, 1});
    }
}

void Conversation::fail(std::uint64_t line, const Error& error) {
    if (!first_failure_ || line < first_failure_->line) first_failure_.emplace(line, error);
    if (options_.keep_going)
        output::note(fmt::format("airy: line {}: {}", line, error.what()));
    else
        stopping_ = true;
}

// False when no record is left.
bool Conversation::next_from_input() {
    const auto record = records_.next();
    if (!record) {
        drained_ = true;
        return false;
    }
    try {
        if (record->too_long)
            throw Error(
                ErrorKind::invalid_event,
                fmt::format("longer than {} MiB, the most a broker takes", longest_request >> 20));
        auto message = (*make_request_)(record->text);
        const auto number = book_.open(record->number, message, util::steady_now());
        waiting_.push_back({number, std::move(message)});
    } catch (const Error& error) {
        fail(record->number, error);
    }
    return true;
}

// False when there is no room for it.
bool Conversation::submit(Next& next) {
    if (!book_.is_open(next.number)) return true;
    try {
        const auto sequence = publisher_->try_submit(next.message);
        no_room_ = sequence == 0;
        if (no_room_) return false;
        book_.submitted(next.number, sequence);
    } catch (const Error& error) {  // the protocol cannot hold it, or no broker takes it
        book_.refuse(next.number, error);
    }
    return true;
}

void Conversation::submit_what_is_there() {
    no_room_ = false;
    while (true) {
        if (waiting_.empty() && !(reading() && has_room() && next_from_input())) return;
        if (waiting_.empty()) continue;  // a record that is no request
        if (!submit(waiting_.front())) return;
        waiting_.pop_front();
    }
}

void Conversation::take(const mq::PublisherEvent& event) {
    if (const auto outcome = mq::outcome_of(event)) return book_.take(*outcome);
    if (const auto* reply = std::get_if<mq::Reply>(&event)) {
        book_.take(*reply->delivered);
        give_up_at_ = util::steady_now() + output::stop_patience;
    } else if (const auto* blocked = std::get_if<mq::Blocked>(&event)) {
        output::note(fmt::format("airy: the broker blocks publishers ({}); waiting",
                                 util::printable(blocked->reason)));
    } else if (std::holds_alternative<mq::Unblocked>(event)) {
        output::note("airy: the broker takes requests again");
    } else if (const auto* interrupted = std::get_if<mq::Interrupted>(&event)) {
        if (interrupted->attempt == 0)
            output::note(fmt::format("airy: {}; trying again", describe(*interrupted)));
    } else if (std::holds_alternative<mq::Restored>(event)) {
        const auto again = book_.confirmed();
        output::note(again.empty() ? std::string("airy: connected again")
                                   : fmt::format("airy: connected again; requests sent again: {}",
                                                 again.size()));
        for (const auto number : again)
            if (auto message = book_.message_of(number))
                waiting_.push_back({number, std::move(*message)});
    } else if (const auto* lost = std::get_if<mq::Lost>(&event)) {
        try {
            std::rethrow_exception(lost->error);
        } catch (const Error& error) {
            throw error.reworded(fmt::format("{}; {}", error.what(), account()));
        }
    }
}

void Conversation::take_events() {
    const auto events = publisher_->take();
    for (const auto& event : events)
        take(event);
    book_.expire(util::steady_now());
    output::flush();
}

// The second signal ends the run at once, and the first ends the wait for one request.
std::optional<int> Conversation::take_signal() {
    const auto signal = signals_.take();
    if (!signal) return std::nullopt;
    if (signal_ != 0 || make_request_ == nullptr || book_.empty()) return 128 + *signal;
    signal_ = *signal;
    stopping_ = true;
    waiting_.clear();
    give_up_at_ = util::steady_now() + output::stop_patience;
    output::note(fmt::format(
        "airy: SIG{}: waiting for the replies to {} requests, at most {} "
        "without one; a second signal ends at once",
        ::sigabbrev_np(*signal), book_.size(), publish::seconds(output::stop_patience)));
    return std::nullopt;
}

// Events that were taken since may have made room.
bool Conversation::can_submit() const {
    if (no_room_) return publisher_->in_flight() == 0;
    return !waiting_.empty() || (reading() && !drained_ && has_room());
}

void Conversation::wait() {
    if (can_submit()) return;
    auto due = book_.next_due().value_or(util::SteadyTime::max());
    if (signal_ != 0) due = std::min(due, give_up_at_);
    const bool wants_input = reading() && drained_ && waiting_.empty() && has_room();
    pollfd waiting[] = {{publisher_->event_fd(), POLLIN, 0},
                        {signals_.fd(), POLLIN, 0},
                        {wants_input ? STDIN_FILENO : -1, POLLIN, 0}};
    const int timeout = due == util::SteadyTime::max() ? -1 : publish::milliseconds_until(due);
    ::poll(waiting, 3, timeout);
    if ((waiting[2].revents & (POLLIN | POLLHUP | POLLERR | POLLNVAL)) == 0) return;
    records_.fill();
    drained_ = false;
}

std::optional<int> Conversation::connect() {
    auto endpoint = options_.endpoint;
    endpoint.interrupt_fd = signals_.fd();
    broker_ = mq::connect(endpoint);
    return connect_or_signal(signals_, [this] {
        mq::PublisherOptions publisher;
        publisher.exchange = options_.exchange;
        publisher.window = options_.window;
        publisher.replies = true;
        publisher_ = broker_->publisher(publisher);
    });
}

// Until every request has its replies or failed. Returns the exit code of a signal.
std::optional<int> Conversation::talk() {
    while (!done()) {
        submit_what_is_there();
        take_events();
        if (done()) break;
        wait();
        if (const auto code = take_signal()) return code;
        if (signal_ != 0 && util::steady_now() >= give_up_at_) return 128 + signal_;
    }
    return std::nullopt;
}

std::string Conversation::account() const {
    return fmt::format("{} of {} requests had their replies", book_.answered(),
                       book_.answered() + book_.failed() + book_.size());
}

int Conversation::finish() {
    publisher_->close(publish::close_deadline);
    output::flush();
    if (!first_failure_) return 0;
    const auto& [line, error] = *first_failure_;
    if (line == 0) throw error;
    if (options_.keep_going) return exit_code_of(error.kind());
    throw error.reworded(fmt::format("line {}: {}; {}", line, error.what(), account()));
}

void Conversation::summarize(std::chrono::duration<double> took) const {
    const auto rate = static_cast<double>(book_.answered()) / std::max(took.count(), 1e-6);
    auto text = fmt::format("{} in {:.2f} s ({}/s)", account(), took.count(),
                            output::with_commas(static_cast<std::uint64_t>(rate)));
    if (book_.dropped() > 0)
        text += fmt::format("; {} late or unknown replies were dropped", book_.dropped());
    output::note(text);
}

int Conversation::ask(event::Message request) {
    if (const auto signal = connect()) return 128 + *signal;
    const auto number = book_.open(0, request, util::steady_now());
    waiting_.push_back({number, std::move(request)});
    if (const auto code = talk()) return *code;
    return finish();
}

int Conversation::ask_all(const MakeRequest& make_request) {
    make_request_ = &make_request;
    if (const auto signal = connect()) return 128 + *signal;
    const auto start = util::steady_now();
    const auto code = talk();
    if (book_.answered() + book_.failed() + book_.size() == 0 && !first_failure_ && !code) {
        output::note("airy: the input was empty: nothing asked");
        return 0;
    }
    if (!first_failure_ || options_.keep_going || code) summarize(util::steady_now() - start);
    if (code) return *code;
    const int outcome = finish();
    return signal_ != 0 ? 128 + signal_ : outcome;
}

}  // namespace

int one(const Options& options, event::Message request) {
    return Conversation(options).ask(std::move(request));
}

int stream(const Options& options, const MakeRequest& make_request) {
    return Conversation(options).ask_all(make_request);
}

}  // namespace airy::tools::request
