// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "publish/run.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>

#include "exit_codes.hpp"
#include "input/records.hpp"
#include "output/progress.hpp"
#include "output/stream.hpp"
#include "publish/confirm_times.hpp"
#include "publish/ledger.hpp"
#include "reconnect_option.hpp"
#include "util/error.hpp"
#include "util/fd.hpp"
#include "util/log.hpp"
#include "util/signals.hpp"

namespace airy::tools::publish {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t record_limit = 128 << 20;  // bytes; RabbitMQ's own limit of a message
constexpr std::chrono::milliseconds close_deadline{2000};
// After a signal, gives up unconfirmed events when no confirm comes for this long.
using output::stop_patience;

// The file of `--rejects`, for records that were not published.
class Rejects {
  public:
    Rejects(const std::string& path, char separator) : path_(path), separator_(separator) {
        if (path.empty()) return;
        fd_.reset(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
        if (!fd_)
            throw Error(ErrorKind::usage,
                        fmt::format("cannot write to '{}': {}", path, std::strerror(errno)));
    }

    bool wanted() const noexcept { return static_cast<bool>(fd_); }

    void add(std::string text) {
        if (!fd_) return;
        text += separator_;
        std::string_view rest = text;
        while (!rest.empty()) {
            const auto n = ::write(fd_.get(), rest.data(), rest.size());
            if (n < 0 && errno == EINTR) continue;
            if (n < 0)
                throw Error(ErrorKind::general,
                            fmt::format("cannot write to '{}': {}", path_, std::strerror(errno)));
            rest.remove_prefix(static_cast<std::size_t>(n));
        }
    }

  private:
    std::string path_;
    char separator_;
    util::Fd fd_;
};

double part_of_file(std::uint64_t read) {
    struct stat status {};
    if (::fstat(STDIN_FILENO, &status) != 0 || !S_ISREG(status.st_mode) || status.st_size == 0)
        return -1;
    return static_cast<double>(read) / static_cast<double>(status.st_size);
}

// For poll.
int milliseconds_until(steady_clock::time_point then) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(then - steady_clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1'000'000'000));
}

// Measures how long the awaited outcomes have not come. Stands still while the connection is lost,
// which has limits of its own, and, if asked, while the broker blocks publishers.
class Patience {
  public:
    explicit Patience(const Options& options)
        : limit_(options.confirm_timeout), wait_while_blocked_(options.wait_while_blocked) {}

    void restart() { since_ = steady_clock::now(); }
    void take(const mq::PublisherEvent& event) {
        restart();
        if (std::holds_alternative<mq::Blocked>(event)) blocked_ = true;
        if (std::holds_alternative<mq::Unblocked>(event)) blocked_ = false;
        if (std::holds_alternative<mq::Interrupted>(event)) connected_ = false;
        if (std::holds_alternative<mq::Restored>(event)) connected_ = true;
    }
    bool blocked() const { return blocked_; }
    bool over() const { return runs() && steady_clock::now() - since_ > limit_; }
    // For poll.
    int left() const {
        if (!runs()) return -1;
        return milliseconds_until(since_ +
                                  std::chrono::duration_cast<steady_clock::duration>(limit_));
    }

  private:
    bool runs() const { return connected_ && !(blocked_ && wait_while_blocked_); }

    const std::chrono::nanoseconds limit_;
    const bool wait_while_blocked_;
    steady_clock::time_point since_ = steady_clock::now();
    bool blocked_ = false;
    bool connected_ = true;
};

std::string seconds(std::chrono::nanoseconds duration) {
    return fmt::format("{} s", std::chrono::duration<double>(duration).count());
}

const char* alarm_hint(bool blocked) {
    return blocked
               ? "rabbitmqctl status tells the alarm; --confirm-timeout waits longer for its end"
               : "is it blocked by a memory or disk alarm? rabbitmqctl status tells";
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
          ledger_(options.confirm, options.mandatory, options.json, rejects_.wanted()),
          records_(STDIN_FILENO, options.separator, record_limit),
          progress_("events") {}

    int run();

  private:
    bool reading() const { return !stopping_ && !(records_.ended() && drained_); }
    void submit_what_is_there();
    void wait();
    void take_outcomes();
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
    input::Records records_;
    output::Progress progress_;

    std::optional<Item> held_;  // waits for room in the window
    std::string held_topic_;    // submitting moves the message away
    std::string held_text_;
    std::uint64_t held_line_ = 0;
    bool drained_ = false;   // no whole record is left in the input read so far
    bool stopping_ = false;  // reads no more input
    int signal_ = 0;
    steady_clock::time_point give_up_at_;  // set once there was a signal
    std::uint64_t invalid_ = 0;
    std::optional<Error> rejects_error_;
    steady_clock::time_point start_ = steady_clock::now();
    Patience patience_{options_};
};

void Stream::reject(std::uint64_t line, std::string_view text, const Error& error) {
    ++invalid_;
    keep(text);
    ledger_.invalid(line, error);
    if (!options_.keep_going) stopping_ = true;
    if (options_.keep_going) {
        progress_.clear();
        output::note(fmt::format("airy: line {}: {}", line, error.what()));
    }
}

// Outcomes are still awaited when the file cannot be written.
void Stream::keep(std::string_view text) {
    try {
        rejects_.add(std::string(text));
    } catch (const Error& error) {
        rejects_error_ = error;
        stopping_ = true;
    }
}

void Stream::submit_what_is_there() {
    while (!stopping_) {
        if (held_) {
            try {
                const auto sequence = publisher_->try_submit(held_->message);
                if (sequence == 0) return;
                ledger_.submitted(held_line_, std::move(held_->event_id), std::move(held_topic_),
                                  std::move(held_text_));
                confirm_times_.submitted();
            } catch (const Error& error) {  // the protocol cannot hold it, or no broker takes it
                reject(held_line_, held_text_, error);
            }
            held_.reset();
        }
        const auto record = records_.next();
        if (!record) {
            drained_ = true;
            return;
        }
        try {
            if (record->too_long)
                throw Error(
                    ErrorKind::invalid_event,
                    fmt::format("longer than {} MiB, the most a broker takes{}", record_limit >> 20,
                                rejects_.wanted() ? "; only so much of it is kept" : ""));
            held_ = make_item_(record->text);
            held_line_ = record->number;
            held_topic_ = held_->message.topic;
            held_text_ = rejects_.wanted() ? std::string(record->text) : std::string();
        } catch (const Error& error) {
            reject(record->number, record->text, error);
        }
    }
}

void Stream::take_outcomes() {
    const auto events = publisher_->take();
    const auto open = ledger_.open();
    for (const auto& event : events) {
        patience_.take(event);
        confirm_times_.take(event);
        const auto failed = ledger_.take(event);
        if (!failed || !options_.keep_going) continue;
        progress_.clear();
        output::note(fmt::format("airy: line {}: {}", failed->line, failed->why));
        keep(failed->text);
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

void Stream::wait() {
    // The last outcomes came after the window was full: now it is empty, and none will come.
    if (held_ && ledger_.open() == 0) return;
    const bool wants_input = reading() && drained_ && !held_;
    pollfd waiting[] = {{publisher_->event_fd(), POLLIN, 0},
                        {signals_.fd(), POLLIN, 0},
                        {wants_input ? STDIN_FILENO : -1, POLLIN, 0}};
    const int timeout = ledger_.open() == 0 ? -1
                        : signal_ == 0      ? patience_.left()
                                            : milliseconds_until(give_up_at_);
    const int due = confirm_times_.due_in();
    ::poll(waiting, 3, due < 0 || (timeout >= 0 && timeout < due) ? timeout : due);
    confirm_times_.write_when_due();
    if ((waiting[2].revents & (POLLIN | POLLHUP | POLLERR | POLLNVAL)) != 0) {
        if (ledger_.open() == 0) patience_.restart();
        records_.fill();
        drained_ = false;
    }
    if (const auto signal = signals_.take()) take_signal(*signal);
    if (signal_ == 0 && ledger_.open() > 0 && patience_.over())
        throw Error(
            ErrorKind::undelivered,
            fmt::format("the broker confirmed nothing for {}; {} were confirmed before, "
                        "{} are uncertain",
                        seconds(options_.confirm_timeout), ledger_.confirmed(), ledger_.open()),
            alarm_hint(patience_.blocked()));
}

int Stream::run() {
    const auto ended = connect_or_signal(signals_, [this] {
        publisher_ = broker_->publisher(
            {options_.exchange, options_.window, options_.confirm, options_.mandatory});
    });
    if (ended) return 128 + *ended;
    patience_.restart();
    try {
        while (reading() || held_ || ledger_.open() > 0) {
            if (stopping_) held_.reset();
            submit_what_is_there();
            take_outcomes();
            if (stopping_ && ledger_.open() == 0) break;
            if (!reading() && !held_ && ledger_.open() == 0) break;
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
    if (ledger_.confirmed() == 0 && invalid_ == 0 && ledger_.undelivered() == 0 && signal_ == 0) {
        output::note("airy: the input was empty: nothing published");
    } else {
        std::string summary = fmt::format(
            "published {} {} in {:.2f} s ({}/s)", output::with_commas(ledger_.confirmed()),
            ledger_.confirmed() == 1 ? "event" : "events", seconds,
            output::with_commas(static_cast<std::uint64_t>(
                static_cast<double>(ledger_.confirmed()) / std::max(seconds, 1e-6))));
        if (invalid_ > 0) summary += fmt::format("; {} invalid", output::with_commas(invalid_));
        if (ledger_.undelivered() > 0)
            summary +=
                fmt::format("; {} not delivered", output::with_commas(ledger_.undelivered()));
        output::note(summary);
    }
    if (signal_ != 0) return 128 + signal_;
    if (invalid_ > 0) return exit_code_of(ErrorKind::invalid_event);
    if (ledger_.undelivered() > 0) return exit_code_of(ErrorKind::undelivered);
    return 0;
}

}  // namespace

int stream(const Options& options, const MakeItem& make_item) {
    return Stream(options, make_item).run();
}

int one(const Options& options, Item item) {
    ConfirmTimes confirm_times(options.metrics_file, options.exchange.name);
    const auto broker = mq::connect(options.endpoint);
    const auto publisher =
        broker->publisher({options.exchange, options.window, options.confirm, options.mandatory});
    Ledger ledger(options.confirm, options.mandatory, options.json, false);
    std::string topic = item.message.topic;
    const auto start = steady_clock::now();
    util::log_info("publishing", {{"topic", topic},
                                  {"event_id", item.event_id},
                                  {"bytes", item.message.body.size()},
                                  {"exchange", options.exchange.name}});
    if (publisher->try_submit(item.message) == 0) {
        for (const auto& event : publisher->take())
            ledger.take(event);  // throws the reason for the lost connection
        throw Error(ErrorKind::unreachable, "the connection was lost before the event was sent");
    }
    ledger.submitted(0, std::move(item.event_id), std::move(topic), {});
    confirm_times.submitted();
    Patience patience(options);
    while (ledger.open() > 0) {
        pollfd waiting{publisher->event_fd(), POLLIN, 0};
        ::poll(&waiting, 1, patience.left());
        for (const auto& event : publisher->take()) {
            patience.take(event);
            confirm_times.take(event);
            ledger.take(event);
        }
        if (ledger.open() > 0 && patience.over())
            throw Error(ErrorKind::undelivered,
                        fmt::format("the broker did not confirm the event within {}; whether it "
                                    "will be delivered is uncertain",
                                    seconds(options.confirm_timeout)),
                        alarm_hint(patience.blocked()));
    }
    output::flush();
    publisher->close(close_deadline);
    if (!options.confirm)
        for (const auto& event : publisher->take())
            ledger.take(event);  // returns up to the end
    confirm_times.write();
    if (const auto error = ledger.first_error()) throw *error;
    if (options.confirm) {
        const std::chrono::duration<double, std::milli> took = steady_clock::now() - start;
        util::log_info("confirmed", {{"ms", took.count()}});
    }
    return 0;
}

}  // namespace airy::tools::publish
