// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include <fmt/format.h>
#include <poll.h>

#include "command.hpp"
#include "event/topic.hpp"
#include "event/where.hpp"
#include "message_format.hpp"
#include "mq/broker.hpp"
#include "mq/quiet_check.hpp"
#include "options.hpp"
#include "output/stream.hpp"
#include "reconnect_option.hpp"
#include "util/error.hpp"
#include "util/signals.hpp"

namespace airy::tools {
namespace {

using std::chrono::steady_clock;

constexpr std::uint16_t prefetch = 1000;
constexpr std::chrono::milliseconds close_deadline{2000};
// `--until-empty` on a live queue: no message came for this long, and none is on its way.
constexpr std::chrono::milliseconds quiet{200};

class Tail final : public Command {
  public:
    void add_options(cli::App& app) override;
    int run() override;

  private:
    void show(const mq::Delivered& delivery);
    void take_events(mq::Subscription& subscription);
    bool enough() const { return stop_.count && shown_ >= *stop_.count; }
    steady_clock::time_point quiet_at() const;
    bool is_quiet();
    int poll_timeout(steady_clock::time_point start) const;
    bool time_is_up(steady_clock::time_point start) const;
    int exit_code(int signal) const;

    std::vector<std::string> patterns_;
    std::vector<std::string> where_texts_;
    std::vector<event::Where> where_;
    MessageFormatOption format_;
    MessageFormat shown_as_ = MessageFormat::json;
    StopOptions stop_;
    BrokerOptions broker_;
    ReconnectOption reconnect_;
    ExchangeOption exchange_;

    std::uint64_t shown_ = 0;
    std::uint64_t passed_over_ = 0;  // by --where
    steady_clock::time_point last_ = steady_clock::now();
    bool connected_ = true;
    std::optional<mq::QuietCheck> check_;
};

void Tail::add_options(cli::App& app) {
    app.footer(
        "e.g. airy tail 'post.*' '#.voted' --where 'post_id=42' --count 10\n"
        "Patterns are AMQP's: * is one word, # zero or more. Other subscribers miss nothing.");
    app.option("PATTERN", patterns_, "what to listen to, e.g. post.published, post.*, or #")
        .required();
    app.option("-w,--where", where_texts_,
               "only messages that match: field=value, !=, ~regex, !~, >, <, >=, <= "
               "(repeatable: all must)")
        .type_name("CONDITION")
        .one_each();
    format_.add(app);
    stop_.add(app, "--for,--timeout");
    broker_.add(app);
    reconnect_.add(app);
    exchange_.add(app);
}

void Tail::show(const mq::Delivered& delivery) {
    if (!event::all_match(where_, delivery.message, delivery.queue)) {
        ++passed_over_;
        return;
    }
    ++shown_;
    std::string text;
    append_message(text, delivery, shown_as_);
    output::print(text);
}

void Tail::take_events(mq::Subscription& subscription) {
    for (const auto& event : subscription.take()) {
        if (const auto* delivery = std::get_if<mq::Delivered>(&event)) {
            last_ = steady_clock::now();
            check_->disturb();
            if (!enough()) show(*delivery);
            subscription.settle(delivery->handle, mq::Disposition::ack);
        } else if (const auto* counted = std::get_if<mq::Counted>(&event)) {
            check_->take(*counted);
        } else if (const auto* interrupted = std::get_if<mq::Interrupted>(&event)) {
            connected_ = false;
            check_->disturb();
            if (interrupted->attempt == 0)
                output::note(fmt::format("airy: {}; trying again", describe(*interrupted)));
        } else if (std::holds_alternative<mq::Restored>(event)) {
            connected_ = true;
            output::note("airy: connected again; what was published meanwhile is missed");
        } else if (const auto* lost = std::get_if<mq::Lost>(&event)) {
            std::rethrow_exception(lost->error);
        } else if (const auto* cancelled = std::get_if<mq::Cancelled>(&event)) {
            throw Error(ErrorKind::not_found, cancelled->reason);
        }
    }
    output::flush();
}

// When `--idle` or `--until-empty` ends it, unless a message comes or is on its way.
steady_clock::time_point Tail::quiet_at() const {
    auto at = steady_clock::time_point::max();
    if (stop_.idle) at = std::min(at, last_ + *stop_.idle);
    if (stop_.until_empty) at = std::min(at, last_ + quiet);
    return at;
}

// Without a connection, no message is on its way.
bool Tail::is_quiet() {
    const auto now = steady_clock::now();
    if (now < quiet_at()) return false;
    const bool idle = stop_.idle && now >= last_ + *stop_.idle;
    const auto ready = connected_ ? check_->ready() : std::optional<std::uint64_t>(0);
    if (ready && (idle || *ready == 0)) return true;
    if (ready) {
        last_ = now;
        check_->disturb();
    } else if (!check_->under_way()) {
        check_->begin();
    }
    return false;
}

int Tail::poll_timeout(steady_clock::time_point start) const {
    auto until = check_->under_way() ? steady_clock::time_point::max() : quiet_at();
    if (stop_.total) until = std::min(until, start + *stop_.total);
    if (until == steady_clock::time_point::max()) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - steady_clock::now());
    return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1'000'000'000));
}

bool Tail::time_is_up(steady_clock::time_point start) const {
    return stop_.total && steady_clock::now() >= start + *stop_.total;
}

int Tail::exit_code(int signal) const {
    const std::uint64_t expected = stop_.expect.value_or(stop_.count.value_or(0));
    if (signal != 0) return 128 + signal;
    if (shown_ >= expected) return 0;
    throw Error(ErrorKind::timeout,
                where_.empty() ? fmt::format("{} of {} messages came", shown_, expected)
                               : fmt::format("{} of {} messages came that match --where, and "
                                             "{} that do not",
                                             shown_, expected, passed_over_));
}

int Tail::run() {
    stop_.check();
    for (const auto& pattern : patterns_)
        event::check_pattern(pattern);
    for (const auto& text : where_texts_)
        where_.push_back(event::parse_where(text));
    shown_as_ = format_.chosen();
    exchange_.resolve();

    util::SignalFd signals;
    auto endpoint = broker_.endpoint("tail");
    endpoint.interrupt_fd = signals.fd();
    reconnect_.apply(endpoint);
    const auto broker = mq::connect(endpoint);
    mq::SubscribeOptions options;
    options.exchange = {exchange_.name, !exchange_.named};
    options.patterns = patterns_;
    options.prefetch = prefetch;
    std::unique_ptr<mq::Subscription> subscription;
    const auto ended =
        connect_or_signal(signals, [&] { subscription = broker->subscribe(options); });
    if (ended) return 128 + *ended;
    if (common_options().verbose || output::stderr_is_terminal())
        output::note(fmt::format("airy: listening to {} of {}; Ctrl-C ends it",
                                 fmt::join(patterns_, " "), exchange_.name));

    const auto start = steady_clock::now();
    last_ = start;
    check_.emplace([&subscription] { return subscription->count(); });
    int signal = 0;
    while (!enough() && signal == 0) {
        pollfd waiting[] = {{subscription->event_fd(), POLLIN, 0}, {signals.fd(), POLLIN, 0}};
        ::poll(waiting, 2, poll_timeout(start));
        take_events(*subscription);
        if (const auto taken = signals.take()) signal = *taken;
        if (time_is_up(start) || is_quiet()) break;
    }
    subscription->close(close_deadline);
    return exit_code(signal);
}

}  // namespace

std::unique_ptr<Command> make_tail() {
    return std::make_unique<Tail>();
}

}  // namespace airy::tools
