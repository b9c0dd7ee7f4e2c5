// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <optional>

#include "command.hpp"
#include "consume/batch_option.hpp"
#include "consume/coming_up.hpp"
#include "consume/command_words.hpp"
#include "consume/handler_kind.hpp"
#include "consume/losses.hpp"
#include "consume/order_options.hpp"
#include "consume/process_options.hpp"
#include "consume/reply_options.hpp"
#include "consume/service_notices.hpp"
#include "consume/status_signal.hpp"
#include "delivery_options.hpp"
#include "environment.hpp"
#include "event/topic.hpp"
#include "hints.hpp"
#include "init_process.hpp"
#include "inspect/control_server.hpp"
#include "inspect/metrics_server.hpp"
#include "mq/broker.hpp"
#include "net/listener.hpp"
#include "options.hpp"
#include "output/stream.hpp"
#include "queue_arguments.hpp"
#include "reconnect_option.hpp"
#include "settings.hpp"
#include "util/limits.hpp"
#include "util/log.hpp"
#include "util/signals.hpp"
#include "util/text.hpp"
#include "work/consumer.hpp"
#include "work/death_command.hpp"

namespace airy::tools {
namespace {

constexpr std::size_t most_prefetch = 65'535;  // the protocol's limit
constexpr std::size_t longest_name = 240;      // 255 bytes less .retry.MILLISECONDS
// At the end, for the commands of --on-dead-letter. After a signal the default --drain and
// --kill-after are over by then, and an orchestrator kills after 30 s.
constexpr std::chrono::seconds last_deaths{5};
constexpr std::chrono::seconds last_deaths_signalled{1};

// A command always finds descriptors 0, 1 and 2 open, even if this process was started without.
void open_standard_streams() {
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO})
        if (::fcntl(fd, F_GETFD) < 0) ::open("/dev/null", O_RDWR);  // becomes fd
}

class Consume final : public Command {
  public:
    void add_options(cli::App& app) override;
    void set_child(std::vector<std::string> argv) override { child_ = std::move(argv); }
    int run() override;

  private:
    void check_arguments();
    std::size_t default_slots() const;
    bool may_change_prefetch() const;
    std::uint16_t prefetch(std::size_t slots, work::ReadAhead::Amount ahead) const;
    mq::WorkQueueSpec spec() const;
    std::unique_ptr<mq::WorkQueue> opened(mq::Broker& broker) const;
    void require_room() const;
    consume::ComingUp coming_up(int interrupt_fd) const;
    work::ConsumerOptions consumer_options(consume::ServiceNotices& notices) const;
    int finish(const work::ConsumerResult& result) const;
    std::string account(const work::ConsumerResult& result) const;

    mq::WorkQueueSpec queue_;
    std::vector<std::string> child_;
    const std::vector<std::unique_ptr<consume::HandlerKind>> kinds_ = consume::handler_kinds();
    consume::HandlerKind* kind_ = nullptr;  // the one that is asked for
    consume::ProcessOptions processes_;
    std::string name_;
    std::size_t slots_ = 0;
    std::vector<std::string> slots_given_;
    std::size_t prefetch_ = 0;
    bool no_declare_ = false;
    std::string metrics_listen_;
    bool log_events_ = false;
    bool reap_orphans_ = false;
    std::string on_dead_letter_;
    std::optional<work::Command> death_command_;
    std::vector<std::string> of_lasting_queues_;
    std::chrono::nanoseconds drain_ = std::chrono::seconds(25);
    QueueArguments arguments_;
    consume::BatchOption batch_;
    consume::OrderOptions order_;
    DeliveryOptions delivery_;
    consume::ReplyOptions reply_;
    ReconnectOption reconnect_;
    StopOptions stop_;
    BrokerOptions broker_;
    ExchangeOption exchange_;
};

void Consume::add_options(cli::App& app) {
    app.footer(
        "e.g. airy consume 'post.*' --queue search -- ./index --fast\n"
        "The command gets the body on stdin and AIRY_TOPIC, AIRY_EVENT_ID, AIRY_EVENT_TYPE,\n"
        "AIRY_QUEUE, AIRY_ATTEMPT, AIRY_REDELIVERED, AIRY_MESSAGE_ID and AIRY_TRACEPARENT in its\n"
        "environment; there is no shell. Exit status 0 acks; 3, 5 and 65 dead-letter; 4 and 6 put\n"
        "back; any other, a signal or a timeout means: try again later, see --on-error.");
    app.option("PATTERN", queue_.patterns,
               "what the queue is bound to, e.g. post.published, post.*, or #")
        .required();
    app.option("--queue", queue_.name, "the durable queue; consumers of one share its work")
        .type_name("QUEUE")
        .required();
    for (const auto& kind : kinds_)
        kind->add_options(app);
    processes_.add(app);
    declare_setting(app, Setting::pool_size, slots_).between(1, most_pool_size).note(slots_given_);
    app.option("--prefetch", prefetch_,
               "most messages taken and not settled [pool size and some more; --print: 2000; "
               "--serial-by: some more]")
        .type_name("N")
        .between(1, most_prefetch);
    app.option("--name", name_, "the consumer's name in stats and pool [its queue]")
        .type_name("NAME");
    app.duration("--drain", drain_, "at the end, for running handlers to finish [25s]");
    app.flag("--log-events", log_events_,
             "a log line for each message settled, with its outcome and times");
    app.flag("--reap-orphans", reap_orphans_,
             "adopt processes that a command leaves behind; process 1 of a container always does");
    app.option("--metrics-listen", metrics_listen_,
               "serve /metrics for Prometheus, /healthz and /readyz there")
        .type_name("[HOST]:PORT");
    const std::string group = "Queue";
    app.option("--type,--queue-type", queue_.type, "quorum or classic [quorum]")
        .one_of({"quorum", "classic"})
        .type_name("TYPE")
        .note(of_lasting_queues_)
        .group(group);
    app.flag("--as-is", queue_.as_is, "take a queue that exists with other properties, and bind it")
        .note(of_lasting_queues_)
        .group(group);
    app.flag("--ephemeral", queue_.ephemeral,
             "a queue that is not durable, goes with its last consumer and has no dead letters")
        .group(group);
    app.flag("--no-declare", no_declare_,
             "declare and bind nothing at the start; the queue must be there")
        .group(group);
    arguments_.add(app, group);
    batch_.add(app);
    order_.add(app);
    delivery_.add(app);
    app.option("--on-dead-letter", on_dead_letter_,
               "run this command, e.g. './alert search', for each message that is given up")
        .type_name("CMD")
        .note(delivery_.of_failures)
        .group("Failures");
    reply_.add(app);
    stop_.add(app);
    broker_.add(app);
    reconnect_.add(app);
    exchange_.add(app);
}

std::size_t Consume::default_slots() const {
    // A setting in the environment is meant for handlers of Airy's kind, which run at once.
    if (!kind_->can_fail() || kind_->sets_slots()) return kind_->default_slots();
    if (const auto given = settings().given(Setting::pool_size)) {
        std::size_t slots = 0;
        const auto& text = given->text;
        const char* end = text.data() + text.size();
        const auto read = std::from_chars(text.data(), end, slots);
        if (read.ec != std::errc() || read.ptr != end || slots < 1 || slots > most_pool_size)
            throw Error(ErrorKind::usage,
                        fmt::format("{} is '{}'", given->name, util::printable(text)),
                        fmt::format("it must be a number from 1 to {}", most_pool_size));
        const auto most = kind_->most_slots_by_environment();
        if (slots > most)
            util::log_warn(
                "so many handlers at once would swamp this machine; --pool-size may ask "
                "for more than these",
                {{given->name, text}, {"pool_size", most}});
        return std::min(slots, most);
    }
    return kind_->default_slots();
}

// Another prefetch makes another consumer of this one at the broker. A waiting single active
// consumer would take over; and RabbitMQ gives back the messages of two consumers of a lost
// connection one consumer after the other, in any order.
bool Consume::may_change_prefetch() const {
    return !arguments_.single_active_consumer && !order_.wanted();
}

// Never more than --count allows: the broker counts a delivery of each message that is given back.
std::uint16_t Consume::prefetch(std::size_t slots, work::ReadAhead::Amount ahead) const {
    using Amount = work::ReadAhead::Amount;
    std::size_t wanted = prefetch_;
    if (wanted == 0) {
        // A batch gathers messages in any case.
        if (!may_change_prefetch() || (batch_.size() > 1 && ahead == Amount::many))
            ahead = Amount::some;
        wanted = (slots + kind_->read_ahead(slots, ahead)) * batch_.size();
        if (order_.wanted()) wanted = std::max(wanted, consume::OrderOptions::messages_for(slots));
    }
    if (stop_.count) wanted = std::min<std::size_t>(wanted, *stop_.count);
    return static_cast<std::uint16_t>(std::clamp<std::size_t>(wanted, 1, most_prefetch));
}

void Consume::check_arguments() {
    for (const auto& pattern : queue_.patterns)
        event::check_pattern(pattern);
    if (queue_.name.empty() || queue_.name.size() > longest_name)
        throw Error(ErrorKind::usage,
                    fmt::format("--queue: a name has 1 to {} bytes", longest_name),
                    "the names of its retry queues are longer");
    kind_ = &consume::choose(kinds_, child_);
    if (!kind_->runs_command())
        refuse_without_effect(
            processes_.given, fmt::format("beside {}", kind_->name()),
            "it is for commands, which -- CMD ARG… runs; --for limits the whole run");
    if (kind_->sets_slots())
        refuse_without_effect(slots_given_, fmt::format("beside {}", kind_->name()),
                              "its own options set how many messages are handled at once");
    if (!kind_->can_fail()) {
        const auto beside = fmt::format("beside {}", kind_->name());
        refuse_without_effect(delivery_.of_failures, beside,
                              "it is for commands, which can fail; printing cannot");
        refuse_without_effect(order_.given, beside, "printing keeps the order of the queue");
    }
    reply_.check(*kind_);
    batch_.check(*kind_);
    if (batch_.wanted()) kind_->use_batches(batch_.options());
    if (prefetch_ > 0 && prefetch_ < batch_.size())
        throw Error(ErrorKind::usage,
                    fmt::format("--prefetch {} is less than --batch {}", prefetch_, batch_.size()),
                    "no batch would ever be full");
    if (batch_.wanted() && reply_.wanted)
        throw Error(ErrorKind::usage, "--batch and --reply exclude each other",
                    "a reply answers one message");
    if (queue_.ephemeral && (queue_.type != "classic" || queue_.as_is))
        refuse_without_effect(of_lasting_queues_, "beside --ephemeral",
                              "an ephemeral queue is always classic, and always a new one");
    if (queue_.as_is && no_declare_)
        throw Error(ErrorKind::usage, "--as-is and --no-declare exclude each other",
                    "--as-is binds the queue; --no-declare changes nothing");
    if (no_declare_)
        refuse_without_effect(arguments_.given, "beside --no-declare",
                              "it is a property with which the queue is declared");
    arguments_.append_to(queue_.arguments, queue_.ephemeral ? "classic" : queue_.type);
    stop_.check();
    if (!metrics_listen_.empty()) net::parse_listen_address(metrics_listen_);
    if (slots_ == 0) slots_ = default_slots();
    if (name_.empty()) name_ = queue_.name;
    exchange_.resolve();
    queue_.exchange = exchange_.name;
    work::ConsumerOptions checked;
    delivery_.apply(checked);
    order_.apply(checked);
    if (!on_dead_letter_.empty())
        death_command_ =
            work::find_command(consume::command_words("--on-dead-letter", on_dead_letter_),
                               environment("PATH").value_or("/usr/bin:/bin"));
}

// For a queue with other properties, the error tells what is lost with --as-is.
std::unique_ptr<mq::WorkQueue> Consume::opened(mq::Broker& broker) const {
    try {
        return broker.open_work_queue(spec());
    } catch (const Error& error) {
        if (error.reason() != Reason::differs || is_stream(error)) throw;
        throw error.hinted(consume::losses_of(error.what()));
    }
}

mq::WorkQueueSpec Consume::spec() const {
    auto spec = queue_;
    spec.declare = !no_declare_;
    spec.prefetch = prefetch(slots_, work::ReadAhead::Amount::none);
    return spec;
}

work::ConsumerOptions Consume::consumer_options(consume::ServiceNotices& notices) const {
    work::ConsumerOptions options;
    options.name = name_;
    options.patterns = queue_.patterns;
    options.slots = slots_;
    options.most_slots = kind_->most_slots();
    if (may_change_prefetch())
        options.prefetch = [this](std::size_t slots, work::ReadAhead::Amount ahead) {
            return prefetch(slots, ahead);
        };
    options.log_events = log_events_;
    delivery_.apply(options);
    order_.apply(options);
    options.intake.by_priority = kind_->can_fail();
    if (const auto most = arguments_.max_priority)
        options.intake.most_priority = static_cast<unsigned>(*most);
    if (batch_.wanted()) options.intake.batch_wait = batch_.options().wait;
    options.drain = drain_;
    options.on_ready = [&notices] { notices.ready(); };
    options.on_stopping = [&notices] { notices.stopping(); };
    options.stop.count = stop_.count;
    options.stop.idle = stop_.idle;
    options.stop.total = stop_.total;
    options.stop.queue_empty = stop_.until_empty;
    return options;
}

std::string Consume::account(const work::ConsumerResult& result) const {
    std::string text = fmt::format("{} handled", result.handled);
    if (result.duplicates > 0) text += fmt::format(", {} handled before", result.duplicates);
    // One message may have failed several times, and be handled by now.
    if (result.retried > 0)
        text +=
            fmt::format(", {} failed attempt{}", result.retried, result.retried == 1 ? "" : "s");
    if (result.cut_short > 0) text += fmt::format(", {} not finished", result.cut_short);
    if (result.dead_lettered > 0) text += fmt::format(", {} dead-lettered", result.dead_lettered);
    if (result.discarded > 0) text += fmt::format(", {} discarded", result.discarded);
    return text;
}

int Consume::finish(const work::ConsumerResult& result) const {
    using work::StopReason;
    if (common_options().verbose || output::stderr_is_terminal())
        output::note("airy: " + account(result));
    if (result.cut_short > 0 && kind_->can_fail())
        output::note(fmt::format("airy: {} did not finish before the end: back in the queue",
                                 result.cut_short));
    if (result.error) throw *result.error;
    if (!result.settled)
        throw Error(
            ErrorKind::unreachable,
            fmt::format("the broker did not answer the last settlements ({})", account(result)),
            "some of these messages may be delivered again");
    if (result.signal != 0) return 128 + result.signal;
    const auto expected = stop_.expect.value_or(stop_.count.value_or(0));
    const auto given_up = result.dead_lettered + result.discarded;
    if (given_up > 0)
        throw Error(ErrorKind::handler,
                    fmt::format("the handler failed for good on {} of {} messages{}", given_up,
                                result.handled + given_up,
                                result.handled + given_up < expected
                                    ? fmt::format("; {} were expected", expected)
                                    : ""),
                    result.dead_lettered == 0 ? "they were discarded"
                    : queue_.ephemeral
                        ? "an ephemeral queue keeps no dead letters"
                        : fmt::format("airy dlq show {} shows them", shell_word(queue_.name)));
    if (result.reason == StopReason::output_closed) return output::closed_exit_code;
    if (result.reason != StopReason::drained && result.handled < expected)
        throw Error(ErrorKind::timeout,
                    result.retried + result.duplicates + result.cut_short == 0
                        ? fmt::format("{} of {} messages came", result.handled, expected)
                        : fmt::format("{} messages were expected: {}", expected, account(result)));
    return 0;
}

// The room that taking messages, handling one and copying a failed one need, from the beginning.
void Consume::require_room() const {
    // Threads: for the queue, the copies of failed messages, the pool's deadlines, the starts of
    // processes, the count for --until-empty, and one that watches for signals while connecting.
    auto room = kind_->room();
    room.threads += reply_.wanted ? 7 : 6;
    room.descriptors += reply_.wanted ? 50 : 40;
    util::require_room(room, "cannot consume");
}

// The time limits of the run hold for the handler's start as well.
consume::ComingUp Consume::coming_up(int interrupt_fd) const {
    consume::ComingUp limits{.interrupt_fd = interrupt_fd, .patience = stop_.total};
    if (stop_.idle) limits.patience = std::min(stop_.total.value_or(*stop_.idle), *stop_.idle);
    auto& status = limits.status;
    status.name = name_;
    status.pid = ::getpid();
    status.version = AIRY_VERSION;
    status.queue = queue_.name;
    status.patterns = queue_.patterns;
    status.cap = slots_;
    status.free = slots_;
    return limits;
}

int Consume::run() {
    check_arguments();
    if (reap_orphans_) leave_orphans_to_a_parent();
    open_standard_streams();
    util::ignore_sigpipe();
    if (log_events_) common_options().start_log(util::LogLevel::info);
    util::SignalFd signals({SIGHUP, SIGQUIT});
    consume::StatusSignal status_signal;

    auto endpoint = broker_.endpoint("consume");
    arguments_.require_of(endpoint.url);
    consume::ServiceNotices::say("connecting to " + mq::masked_url(endpoint.url));
    endpoint.interrupt_fd = signals.fd();
    reconnect_.apply(endpoint);
    require_room();
    const auto broker = mq::connect(endpoint);

    // All that can fail comes before the queue begins to deliver: a start that fails costs no
    // message an attempt.
    boost::asio::io_context loop{1};
    work::LoopTimers timers(loop);
    work::OutputStream out(loop, timers, STDOUT_FILENO);
    work::OutputStream err(loop, timers, STDERR_FILENO);
    consume::ServiceNotices notices(timers);
    const auto handler =
        kind_->make({loop, timers, out, err, slots_, processes_.child, reply_.limit()});
    std::unique_ptr<mq::WorkQueue> queue;
    std::unique_ptr<mq::Publisher> reply_publisher;
    const auto begin = [&](const std::function<void()>& step) {
        return connect_or_signal(signals, [&] { consume::with_handler(loop, *handler, step); });
    };
    // The handler first: it may take longer than a broker waits for an idle connection.
    bool up = false;
    const auto begun = timers.clock().steady();
    const auto come_up = [&] {
        up = consume::come_up(loop, timers, *handler, coming_up(signals.fd()));
        if (!up) consume::end_all(loop, *handler);
    };
    const auto connect = [&] {
        queue = opened(*broker);
        if (reply_.wanted) reply_publisher = broker->publisher(reply_.publisher());
    };
    if (const auto signal = begin(come_up)) return 128 + *signal;
    if (!up) return finish({});
    const auto warmed_up = timers.clock().steady();
    if (const auto signal = begin(connect)) return 128 + *signal;
    auto options = consumer_options(notices);
    if (auto& total = options.stop.total)
        total = std::max(*total - (warmed_up - begun), std::chrono::nanoseconds(0));
    std::optional<work::Replier> replier;
    if (reply_publisher) {
        replier.emplace(loop, timers, *reply_publisher, reply_.form());
        options.replier = &*replier;
    }
    std::optional<work::DeathCommand> death_command;
    if (death_command_) {
        death_command.emplace(loop, timers, *death_command_, err);
        options.observers.push_back(&*death_command);
    }
    work::Consumer consumer(loop, timers, *queue, *handler, std::move(options));
    std::optional<inspect::MetricsServer> metrics;
    const auto serve_metrics = [&] {
        if (!metrics_listen_.empty())
            metrics.emplace(loop, metrics_listen_, consumer, signals.fd());
    };
    if (const auto signal = connect_or_signal(signals, serve_metrics)) return 128 + *signal;
    std::optional<inspect::ControlServer> control;
    try {
        control.emplace(loop, name_, consumer);
    } catch (const Error& error) {
        util::log_warn("stats and pool will not see this consumer", {{"reason", error.what()}});
    }
    status_signal.serve(loop, consumer, err);
    if (const auto signal = begin([&] { queue->begin(); })) return 128 + *signal;
    if (common_options().verbose || output::stderr_is_terminal())
        output::note(fmt::format(
            "airy: consuming {} from {}, {} at once; Ctrl-C drains", util::printable(queue_.name),
            util::printable(fmt::format("{}", fmt::join(queue_.patterns, " "))), slots_));
    notices.begin(consumer);
    const auto result = consumer.run(signals);
    control.reset();
    if (death_command)
        death_command->finish(result.signal == 0 ? last_deaths : last_deaths_signalled);
    return finish(result);
}

}  // namespace

std::unique_ptr<Command> make_consume() {
    return std::make_unique<Consume>();
}

}  // namespace airy::tools
