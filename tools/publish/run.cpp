// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "publish/run.hpp"

#include <fmt/core.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <optional>
#include <random>

#include "exit_codes.hpp"
#include "input/json_lines.hpp"
#include "input/records.hpp"
#include "output/progress.hpp"
#include "output/stream.hpp"
#include "publish/confirm_times.hpp"
#include "publish/ledger.hpp"
#include "publish/patience.hpp"
#include "publish/refusals.hpp"
#include "publish/rejects.hpp"
#include "reconnect_option.hpp"
#include "util/error.hpp"
#include "util/log.hpp"
#include "util/signals.hpp"

namespace airy::tools::publish {
namespace {

using std::chrono::steady_clock;

// After so long without one, a refusal is told again.
constexpr std::chrono::seconds long_after_refusal{10};
constexpr std::size_t record_limit = 128 << 20;  // bytes; RabbitMQ's own limit of a message
// After a signal, gives up unconfirmed events when no confirm comes for this long.
using output::stop_patience;

double part_of_file(std::uint64_t read) {
    struct stat status {};
    if (::fstat(STDIN_FILENO, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size == 0)
        return -1;
    return static_cast<double>(read) / static_cast<double>(status.st_size);
}

mq::Endpoint interruptible(const Options& options, const util::SignalFd& signals) {
    auto endpoint = options.endpoint;
    endpoint.interrupt_fd = signals.fd();
    return endpoint;
}

// One run of publish over stdin. Main thread.
class Stream {
  public:
    Stream(const Options& options, const MakeItem& make_item)
        : options_(options),
          make_item_(make_item),
          rejects_(options.rejects_file, options.separator),
          confirm_times_(options.metrics_file, options.exchange.name),
          broker_(mq::connect(interruptible(options, signals_))),
          ledger_(options.confirm, options.mandatory, options.json),
          refusals_(options.refusals, options.window, std::random_device()()),
          records_(STDIN_FILENO, options.separator, record_limit),
          progress_("events") {}

    int run();

  private:
    bool reading() const { return !stopping_ && !(records_.ended() && drained_); }
    bool submit(event::Message& message, Submission& about);
    void send_refused_again();
    bool pass_over(const input::Records::Record& record) const;
    bool hold_next();
    void submit_what_is_there();
    bool done() const;
    int poll_timeout() const;
    void wait();
    bool waits_to_go_again(const mq::PublisherEvent& event);
    void take_outcomes();
    void give_up_refused();
    void tell(const Ledger::Failure& failure);
    void keep(std::string_view text);
    void reject(std::uint64_t line, std::string_view text, const Error& error);
    void take_signal(int signal);
    bool is_given_up() const;
    void tell_stopped(int signal);
    int finish();

    const Options& options_;
    const MakeItem& make_item_;
    util::SignalFd signals_;  // made before the publisher's thread, which inherits the mask
    Rejects rejects_;
    ConfirmTimes confirm_times_;
    std::unique_ptr<mq::Broker> broker_;
    std::unique_ptr<mq::Publisher> publisher_;
    Ledger ledger_;
    Refusals refusals_;
    input::Records records_;
    output::Progress progress_;

    struct Held {
        event::Message message;
        Submission about;
    };
    std::optional<Held> held_;                            // waits for room in the window
    bool no_room_ = false;                                // for the last event that was tried
    std::optional<steady_clock::time_point> refused_at_;  // the last event that goes again
    bool drained_ = false;   // no whole record is left in the input read so far
    bool stopping_ = false;  // reads no more input
    int signal_ = 0;
    steady_clock::time_point give_up_at_;  // set once there was a signal
    std::optional<Error> rejects_error_;
    steady_clock::time_point start_ = steady_clock::now();
    std::optional<Patience> patience_;  // from the first connection on
};

void Stream::reject(std::uint64_t line, std::string_view text, const Error& error) {
    keep(text);
    ledger_.unsent(line, error);
    if (!options_.keep_going) stopping_ = true;
    if (options_.keep_going) {
        progress_.clear();
        output::note(fmt::format("airy: line {}: {}", line, error.what()));
    }
}

// Outcomes are still awaited when the file cannot be written.
void Stream::keep(std::string_view text) {
    try {
        rejects_.add(text);
    } catch (const Error& error) {
        rejects_error_ = error;
        stopping_ = true;
    }
}

// False when there is no room for it.
bool Stream::submit(event::Message& message, Submission& about) {
    try {
        // With a window of one, the outcome of the last event must be known here, too: a refused
        // event goes before the next.
        no_room_ =
            (options_.window == 1 && ledger_.open() > 0) || publisher_->try_submit(message) == 0;
        if (no_room_) return false;
    } catch (const Error& error) {  // the protocol cannot hold it, or no broker takes it
        reject(about.line, about.text, error);
        return true;
    }
    if (ledger_.open() == 0) patience_->restart();
    ledger_.submitted(std::move(about));
    confirm_times_.submitted();
    return true;
}

void Stream::send_refused_again() {
    while (auto* const next = refusals_.due(steady_clock::now())) {
        if (!submit(next->message, next->about)) return;
        refusals_.remove_first();
    }
}

bool Stream::pass_over(const input::Records::Record& record) const {
    if (!options_.json_lines) return false;
    if (record.number == 1) input::refuse_other_forms(record.text);
    return input::is_blank(record.text);
}

// Holds the event of the next record, if there is one. False when no record is left.
bool Stream::hold_next() {
    const auto record = records_.next();
    if (!record) {
        drained_ = true;
        return false;
    }
    if (pass_over(*record)) return true;
    try {
        if (record->too_long)
            throw Error(
                ErrorKind::invalid_event,
                fmt::format("longer than {} MiB, the most a broker takes{}", record_limit >> 20,
                            rejects_.wanted() ? "; only so much of it is kept" : ""));
        auto item = make_item_(record->text);
        Submission about{record->number, std::move(item.event_id), item.message.topic, {}};
        if (rejects_.wanted()) about.text = record->text;
        held_.emplace(Held{std::move(item.message), std::move(about)});
    } catch (const Error& error) {
        reject(record->number, record->text, error);
    }
    return true;
}

// Refused events go first, so that a window of one keeps the order.
void Stream::submit_what_is_there() {
    no_room_ = false;
    if (!stopping_) send_refused_again();
    while (!stopping_ && !refusals_.full()) {
        if (held_) {
            if (!submit(held_->message, held_->about)) return;
            held_.reset();
        } else if (!hold_next()) {
            return;
        }
    }
}

// Whether the event is a refusal of a message that is to be sent again.
bool Stream::waits_to_go_again(const mq::PublisherEvent& event) {
    const auto* const refused = std::get_if<mq::Refused>(&event);
    if (refused == nullptr || refused->message == nullptr || stopping_) return false;
    auto* const about = ledger_.find(event);
    const auto now = steady_clock::now();
    if (about == nullptr || !refusals_.counts(*about, now)) return false;
    if (!refused_at_ || now - *refused_at_ > long_after_refusal) {
        progress_.clear();
        output::note("airy: the broker refuses events (a full queue, or an error); trying again");
    }
    refused_at_ = now;
    refusals_.add(std::move(*refused->message), ledger_.take_back(*refused), now);
    return true;
}

void Stream::tell(const Ledger::Failure& failure) {
    if (!options_.keep_going) return;
    progress_.clear();
    output::note(fmt::format("airy: line {}: {}", failure.line, failure.why));
    keep(failure.text);
}

void Stream::give_up_refused() {
    for (auto& waiting : refusals_.take_all())
        tell(ledger_.give_up(std::move(waiting.about)));
}

void Stream::take_outcomes() {
    const auto events = publisher_->take();
    const auto open = ledger_.open();
    for (const auto& event : events) {
        patience_->take(event);
        confirm_times_.take(event);
        if (waits_to_go_again(event)) continue;
        if (refusals_.has_given_up() && std::holds_alternative<mq::Confirmed>(event))
            if (const auto* const about = ledger_.find(event)) refusals_.confirmed(about->topic);
        if (const auto failed = ledger_.take(event)) tell(*failed);
    }
    if (!options_.keep_going && ledger_.undelivered() > 0) stopping_ = true;
    if (ledger_.open() < open) give_up_at_ = steady_clock::now() + stop_patience;
    // Prints confirmed ids at once, also while stdin is quiet.
    if (!events.empty()) output::flush();
}

void Stream::take_signal(int signal) {
    if (signal_ != 0) {  // the second signal stops at once
        ledger_.print_out_of_order();
        tell_stopped(signal);
        ::_exit(128 + signal);
    }
    signal_ = signal;
    stopping_ = true;
    give_up_at_ = steady_clock::now() + stop_patience;
    if (ledger_.open() == 0) return;
    progress_.clear();
    output::note(
        fmt::format("airy: SIG{}: waiting for {} unconfirmed events, at most {} without a confirm; "
                    "a second signal ends at once",
                    ::sigabbrev_np(signal), ledger_.open(), seconds(stop_patience)));
}

// A broker may stay blocked or away for longer than the user who stops the command will wait.
bool Stream::is_given_up() const {
    return signal_ != 0 && ledger_.open() > 0 && steady_clock::now() >= give_up_at_;
}

void Stream::tell_stopped(int signal) {
    progress_.clear();
    confirm_times_.write();
    output::complain(fmt::format("stopped by SIG{}; {} were confirmed, {} are uncertain",
                                 ::sigabbrev_np(signal), ledger_.confirmed(), ledger_.open()),
                     "the broker may have taken uncertain events: sent again, they may come twice");
}

// Milliseconds for poll.
int Stream::poll_timeout() const {
    int timeout = ledger_.open() == 0 ? -1
                  : signal_ == 0      ? patience_->left()
                                      : milliseconds_until(give_up_at_);
    const auto sooner = [&timeout](int other) {
        if (other >= 0 && (timeout < 0 || other < timeout)) timeout = other;
    };
    sooner(confirm_times_.due_in());
    if (!refusals_.empty() && !no_room_)
        sooner(static_cast<int>(refusals_.left(steady_clock::now()).count()));
    return timeout;
}

void Stream::wait() {
    // The last outcomes came after the window was full: now it is empty, and none will come.
    if (no_room_ && ledger_.open() == 0) return;
    const bool wants_input = reading() && drained_ && !held_ && !refusals_.full();
    pollfd waiting[] = {{publisher_->event_fd(), POLLIN, 0},
                        {signals_.fd(), POLLIN, 0},
                        {wants_input ? STDIN_FILENO : -1, POLLIN, 0}};
    ::poll(waiting, 3, poll_timeout());
    confirm_times_.write_when_due();
    if ((waiting[2].revents & (POLLIN | POLLHUP | POLLERR | POLLNVAL)) != 0) {
        if (ledger_.open() == 0) patience_->restart();
        records_.fill();
        drained_ = false;
    }
    if (const auto signal = signals_.take()) take_signal(*signal);
    if (signal_ == 0 && ledger_.open() > 0 && patience_->over())
        throw Error(
            ErrorKind::undelivered,
            fmt::format("the broker confirmed nothing for {}; {} were confirmed before, "
                        "{} are uncertain",
                        seconds(options_.confirm_timeout), ledger_.confirmed(), ledger_.open()),
            alarm_hint(patience_->blocked()));
}

bool Stream::done() const {
    return !reading() && !held_ && refusals_.empty() && ledger_.open() == 0;
}

int Stream::run() {
    const auto ended = connect_or_signal(signals_, [this] {
        publisher_ = broker_->publisher(
            {options_.exchange, options_.window, options_.confirm, options_.mandatory, true});
    });
    if (ended) return 128 + *ended;
    patience_.emplace(options_, *publisher_);
    try {
        while (!done()) {
            submit_what_is_there();
            take_outcomes();
            if (stopping_) {
                held_.reset();
                give_up_refused();
            }
            if (done()) break;
            if (is_given_up()) {
                ledger_.print_out_of_order();
                tell_stopped(signal_);
                return 128 + signal_;
            }
            progress_.show(ledger_.confirmed(), part_of_file(records_.bytes_read()));
            wait();
        }
    } catch (const output::Closed&) {
        throw Error(
            ErrorKind::general,
            fmt::format("stdout was closed: stopped after {} confirmed events; up to {} more "
                        "were sent whose confirms were not awaited",
                        ledger_.confirmed(), ledger_.open()),
            "--quiet prints no event ids");
    } catch (const output::NotWritten& error) {
        throw Error(error.kind(),
                    fmt::format("{}; {} events were confirmed, and up to {} more were sent whose "
                                "confirms were not awaited",
                                error.what(), ledger_.confirmed(), ledger_.open()),
                    error.hint());
    } catch (const output::Stopped& stopped) {
        tell_stopped(stopped.signal);
        return 128 + stopped.signal;
    } catch (const Error&) {
        progress_.clear();
        ledger_.print_out_of_order();
        confirm_times_.write();
        throw;
    }
    progress_.clear();
    publisher_->close(close_deadline);
    if (!options_.confirm) take_outcomes();  // returns up to the end
    confirm_times_.write();
    return finish();
}

int Stream::finish() {
    output::flush();
    const double seconds = std::chrono::duration<double>(steady_clock::now() - start_).count();
    if (rejects_error_)
        throw Error(rejects_error_->kind(),
                    fmt::format("{}; stopped after {} confirmed events", rejects_error_->what(),
                                ledger_.confirmed()),
                    "the line that could not be kept there was not published");
    if (const auto error = ledger_.first_error(); error && !options_.keep_going) throw *error;
    if (ledger_.confirmed() == 0 && ledger_.invalid() == 0 && ledger_.undelivered() == 0 &&
        signal_ == 0) {
        output::note("airy: the input was empty: nothing published");
    } else {
        std::string summary = fmt::format(
            "published {} {} in {:.2f} s ({}/s)", output::with_commas(ledger_.confirmed()),
            ledger_.confirmed() == 1 ? "event" : "events", seconds,
            output::with_commas(static_cast<std::uint64_t>(
                static_cast<double>(ledger_.confirmed()) / std::max(seconds, 1e-6))));
        if (ledger_.invalid() > 0)
            summary += fmt::format("; {} invalid", output::with_commas(ledger_.invalid()));
        if (ledger_.undelivered() > 0)
            summary +=
                fmt::format("; {} not delivered", output::with_commas(ledger_.undelivered()));
        output::note(summary);
    }
    if (signal_ != 0) return 128 + signal_;
    if (ledger_.invalid() > 0) return exit_code_of(ErrorKind::invalid_event);
    if (ledger_.undelivered() > 0) return exit_code_of(ErrorKind::undelivered);
    return 0;
}

}  // namespace

int stream(const Options& options, const MakeItem& make_item) {
    return Stream(options, make_item).run();
}

}  // namespace airy::tools::publish
