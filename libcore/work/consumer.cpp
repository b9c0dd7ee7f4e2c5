// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/consumer.hpp"

#include <fmt/core.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <utility>

#include "util/fd.hpp"
#include "util/log.hpp"
#include "util/text.hpp"

namespace airy::work {
namespace asio = boost::asio;
using asio::posix::stream_descriptor;
using boost::system::error_code;
using std::chrono::milliseconds;
namespace {

constexpr milliseconds hurried_close{1000};
// Orchestrators kill 30 s after their signal. A consumer that drains for longer has been given more
// time by its user.
constexpr milliseconds orchestrator_patience{29'500};
// After kill: the wait for killed handlers to end.
constexpr milliseconds kill_grace{2000};

pool::Options pool_options(const ConsumerOptions& options) {
    pool::Options pool;
    pool.size = options.slots;
    pool.task_timeout = {};                            // a handler has its own
    pool.on_failure = [](const pool::TaskReport&) {};  // failures are reported by message
    return pool;
}

// What goes back to the queue counts no failed attempt, or none that is known.
bool has_come_back(const mq::Delivered& delivered) {
    return delivered.redelivered || delivered.attempt() > 1;
}
bool has_failed(const mq::Delivered& delivered) {
    return delivered.attempts > 0;
}

IntakeOptions intake_options(const ConsumerOptions& options, const Handler& handler,
                             bool failed_ones_return) {
    auto intake = options.intake;
    if (handler.retries_alone())
        intake.starts_alone = failed_ones_return ? has_come_back : has_failed;
    return intake;
}

}  // namespace

Consumer::Consumer(asio::io_context& loop, Timers& timers, mq::WorkQueue& queue, Handler& handler,
                   ConsumerOptions options)
    : loop_(loop),
      queue_(queue),
      handler_(handler),
      options_(std::move(options)),
      timers_(timers),
      activity_(timers.clock()),
      log_(options_.name, options_.log_events, timers.clock()),
      intake_(intake_options(options_, handler, retries_return()), in_flight_, timers.clock()),
      settler_(queue, in_flight_, observers_, options_.retry, timers.clock()),
      changed_(loop, timers),
      stop_watcher_(loop, timers, changed_, *this, options_.stop),
      pool_(pool_options(options_), loop),
      renewal_(timers.make([this] { renew_waiting(); })),
      events_(loop, util::duplicate(queue.event_fd()).release()),
      signals_(loop) {
    observers_.add(activity_);
    observers_.add(log_);
    for (auto* observer : options_.observers)
        observers_.add(*observer);
}

Consumer::~Consumer() = default;

ConsumerResult Consumer::run(util::SignalFd& signals) {
    begin(signals);
    loop_.run();
    return end();
}

void Consumer::begin(util::SignalFd& signals) {
    const auto ended = [this](const std::exception_ptr& exception) {
        if (exception) fail(Error(ErrorKind::general, pool::describe(exception)));
    };
    signals_.assign(util::duplicate(signals.fd()).release());
    handler_.when_changed([this] {
        stop_with_handler();
        changed_.notify();
    });
    asio::co_spawn(loop_, take_events(), ended);
    asio::co_spawn(loop_, watch_signals(signals), ended);
    asio::co_spawn(loop_, dispatch(), ended);
    asio::co_spawn(loop_, release_held(), ended);
    asio::co_spawn(loop_, live(), ended);
    stop_watcher_.begin();
    apply(LifecycleEvent::begin);
    stop_with_handler();
}

ConsumerResult Consumer::end() {
    // Lets the coroutines cancelled at the end finish.
    loop_.restart();
    loop_.poll();
    const auto& counts = settler_.counts();
    result_.reason = lifecycle_.stop_reason();
    result_.handled = counts.handled;
    result_.retried = counts.retried;
    result_.dead_lettered = counts.dead_lettered;
    result_.discarded = counts.discarded;
    result_.duplicates = counts.duplicates;
    result_.not_handled = counts.not_handled;
    return result_;
}

void Consumer::apply(LifecycleEvent event, StopReason reason) {
    const auto former = lifecycle_.state();
    const auto effect = lifecycle_.on(event, reason);
    if (lifecycle_.state() != former) observers_.state_changed(lifecycle_.state());
    switch (effect) {
        case LifecycleEffect::announce:
            if (options_.on_ready) options_.on_ready();
            break;
        case LifecycleEffect::drain:
            begin_to_drain();
            break;
        case LifecycleEffect::hurry:  // finish_running sees it
        case LifecycleEffect::none:
            break;
    }
    changed_.notify();
}

void Consumer::stop(StopReason reason) {
    apply(LifecycleEvent::stop, reason);
}

void Consumer::fail(Error error) {
    if (!result_.error) result_.error = std::move(error);
    stop(StopReason::failed);
}

// Runs until the end, then drains and closes the work queue.
asio::awaitable<void> Consumer::live() {
    while (!lifecycle_.stopping())
        co_await changed_.wait();
    co_await finish_running();
    settler_.release_all();
    intake_.release_held();
    give_back_waiting();
    close_queue();
    apply(LifecycleEvent::finish);
    error_code ignored;
    events_.close(ignored);
    signals_.close(ignored);
    stop_watcher_.end();
    loop_.stop();
}

// Messages go back in the order in which they came, so that the queue keeps its order.
void Consumer::begin_to_drain() {
    if (options_.on_stopping) options_.on_stopping();
    if (!lifecycle_.lost()) queue_.stop();
    handler_.begin_no_more();
    if (next_in_line_) {
        active_ -= next_in_line_->deliveries.size();
        intake_.put_first(*next_in_line_);
    }
    settler_.release_all();
    intake_.release_held();
    give_back_waiting();
}

void Consumer::give_back_waiting() {
    for (const auto& delivered : intake_.give_up())
        settler_.give_back(delivered);
}

// First the handlers, then the connection. Handlers may end by themselves; then they are asked to
// stop.
asio::awaitable<void> Consumer::finish_running() {
    const auto& clock = timers_.clock();
    const auto deadline = clock.steady() + options_.drain;
    while ((settler_.outstanding() > 0 || !at_rest()) && !lifecycle_.hurried() &&
           clock.steady() < deadline)
        co_await changed_.wait_until(deadline);
    if (at_rest()) co_return;
    if (!lifecycle_.hurried()) {
        observers_.drain_time_over(active_);
        handler_.ask_to_stop();
        if (options_.replier != nullptr) options_.replier->hurry();
        while (!at_rest() && !lifecycle_.hurried())
            co_await changed_.wait();
    }
    if (at_rest()) co_return;
    handler_.kill();
    if (options_.replier != nullptr) options_.replier->abandon();
    const auto limit = clock.steady() + kill_grace;
    while (!at_rest() && clock.steady() < limit)
        co_await changed_.wait_until(limit);
}

void Consumer::watch_waiting() {
    const auto oldest = intake_.oldest();
    if (renewal_set_ || !oldest || lifecycle_.stopping()) return;
    renewal_set_ = true;
    renewal_->set(*oldest + options_.longest_wait);
}

void Consumer::renew_waiting() {
    renewal_set_ = false;
    const auto oldest = intake_.oldest();
    if (!oldest || lifecycle_.stopping() || !lifecycle_.connected()) return;
    if (timers_.clock().steady() - *oldest < options_.longest_wait) return watch_waiting();
    const auto waiting = intake_.give_up();
    util::log_info("messages have waited for long: they go back to the queue and come again",
                   {{"messages", waiting.size()}});
    for (const auto& delivered : waiting)
        settler_.renew(delivered);
}

void Consumer::close_queue() {
    auto deadline = options_.close_deadline;
    if (lifecycle_.hurried()) deadline = std::min(hurried_close, deadline);
    if (const auto left = signalled_at_ + orchestrator_patience - timers_.clock().steady();
        result_.signal != 0 && left.count() > 0)
        deadline =
            std::min(deadline, std::max(hurried_close, std::chrono::floor<milliseconds>(left)));
    const bool closed = queue_.close(deadline);
    for (const auto& event : queue_.take())
        if (const auto* settled = std::get_if<mq::Settled>(&event)) settler_.take(*settled);
    settler_.closed();
    // The broker delivers the deliveries of an earlier connection again, as always.
    result_.settled = (closed || lifecycle_.signalled_away()) && !lifecycle_.lost();
}

asio::awaitable<void> Consumer::take_events() {
    while (!lifecycle_.lost()) {
        error_code ended;
        co_await events_.async_wait(stream_descriptor::wait_read,
                                    asio::redirect_error(asio::use_awaitable, ended));
        if (ended || lifecycle_.finished()) co_return;
        for (auto& event : queue_.take())
            accept(std::move(event));
        if (settler_.held() > 0 && read_ahead_.returned()) set_prefetch();
        watch_waiting();
        stop_when_enough();
        changed_.notify();
    }
}

void Consumer::accept(mq::WorkQueueEvent&& event) {
    if (auto* delivered = std::get_if<mq::Delivered>(&event)) {
        in_flight_.taken(delivered->handle);
        if (!lifecycle_.stopping()) return take(std::move(*delivered));
        intake_.add(std::move(*delivered));
        give_back_waiting();
    } else if (const auto* settled = std::get_if<mq::Settled>(&event)) {
        settler_.take(*settled);
    } else if (const auto* not_settled = std::get_if<mq::NotSettled>(&event)) {
        if (auto error = settler_.take(*not_settled)) fail(std::move(*error));
    } else if (const auto* cancelled = std::get_if<mq::Cancelled>(&event)) {
        fail(Error(Reason::queue_deleted, cancelled->reason));
    } else if (const auto* loss = std::get_if<mq::Interrupted>(&event)) {
        interrupted(*loss);
    } else if (const auto* counted = std::get_if<mq::Counted>(&event)) {
        stop_watcher_.take(*counted);
    } else if (std::holds_alternative<mq::Restored>(event)) {
        apply(LifecycleEvent::restore);
        observers_.restored(lifecycle_.reconnects());
    } else {
        lost(std::get<mq::Lost>(event));
    }
}

void Consumer::take(mq::Delivered&& delivered) {
    if (intake_.meets_without_id(delivered)) observers_.without_id(delivered);
    if (const auto* keyless = intake_.add(std::move(delivered))) observers_.without_key(*keyless);
}

// Drops waiting messages, since the broker delivers them again; handlers continue.
void Consumer::interrupted(const mq::Interrupted& event) {
    const bool first = lifecycle_.connected();
    in_flight_.interrupted(event.part);
    intake_.interrupted();
    settler_.interrupted();
    apply(LifecycleEvent::interrupt);
    observers_.interrupted(event, first);
}

void Consumer::lost(const mq::Lost& event) {
    in_flight_.lost();
    settler_.interrupted();
    try {
        std::rethrow_exception(event.error);
    } catch (const Error& error) {
        if (!result_.error) result_.error = error;
    } catch (const std::exception& error) {
        if (!result_.error) result_.error.emplace(ErrorKind::unreachable, error.what());
    }
    apply(LifecycleEvent::lose);
}

asio::awaitable<void> Consumer::watch_signals(util::SignalFd& signals) {
    while (true) {
        error_code ended;
        co_await signals_.async_wait(stream_descriptor::wait_read,
                                     asio::redirect_error(asio::use_awaitable, ended));
        if (ended || lifecycle_.finished()) co_return;
        while (const auto signal = signals.take())
            heed(*signal);
    }
}

// SIGHUP comes twice when a terminal is closed, and beside SIGTERM from some service managers: it
// never counts as the second signal, and another one tells the reason better.
void Consumer::heed(int signal) {
    if (result_.signal == 0) signalled_at_ = timers_.clock().steady();
    if (result_.signal == 0 || result_.signal == SIGHUP) result_.signal = signal;
    if (signal == SIGHUP) return stop(StopReason::signal);
    apply(LifecycleEvent::signal);
    if (signal == SIGQUIT && !lifecycle_.hurried()) apply(LifecycleEvent::signal);
}

asio::awaitable<void> Consumer::release_held() {
    while (!lifecycle_.finished()) {
        co_await changed_.wait_until(settler_.next_due());
        if (!settler_.release_due()) continue;
        for (auto& delivered : settler_.take_again())
            intake_.add_again(std::move(delivered));
        changed_.notify();
    }
}

bool Consumer::quiet() const {
    return lifecycle_.connected() && active_ == 0 && intake_.empty() && settler_.idle();
}

void Consumer::stop_when_enough() {
    if (options_.stop.count && settler_.done() >= *options_.stop.count) stop(StopReason::count);
}

ConsumerStatus Consumer::status() const {
    const auto metrics = pool_.metrics();
    const auto& counts = settler_.counts();
    ConsumerStatus status;
    status.name = options_.name;
    status.pid = ::getpid();
    status.version = AIRY_VERSION;
    status.queue = queue_.name();
    status.patterns = options_.patterns;
    status.cap = metrics.cap;
    status.running = metrics.running;
    status.free = metrics.free;
    // The pool knows only of the batch that is next in line.
    status.waiting = metrics.waiting + intake_.waiting();
    status.in_flight = in_flight_.count();
    status.handled = counts.handled;
    status.failed = counts.failed;
    status.retried = counts.retried;
    status.dead_lettered = counts.dead_lettered;
    status.discarded = counts.discarded;
    status.duplicates = counts.duplicates;
    if (options_.replier != nullptr) status.replied = options_.replier->sent();
    activity_.tell(status);
    return status;
}

// Messages beyond the handler's own limit would be taken, and wait inside the handler.
void Consumer::resize(std::size_t slots) {
    if (slots > options_.most_slots)
        throw Error(ErrorKind::usage,
                    fmt::format("consumer '{}' can run {} at once at most",
                                util::printable(options_.name), options_.most_slots),
                    "its workers and their windows, or its open files, allow no more; they are set "
                    "when it starts");
    pool_.resize(slots);
    asio::post(loop_, [this] { set_prefetch(); });
}

void Consumer::set_prefetch() {
    if (options_.prefetch && !lifecycle_.stopping())
        queue_.set_prefetch(options_.prefetch(pool_.metrics().cap, read_ahead_.wanted()));
}

void Consumer::pause() {
    asio::post(loop_, [this] { apply(LifecycleEvent::pause); });
}

void Consumer::resume() {
    asio::post(loop_, [this] {
        intake_.reset_breaker();
        apply(LifecycleEvent::resume);
    });
}

void Consumer::drain() {
    asio::post(loop_, [this] { stop(StopReason::drained); });
}

std::size_t Consumer::cancel(std::string_view id, AfterCancel then) {
    return handler_.cancel(id, then == AfterCancel::retry ? Verdict::retry : Verdict::reject);
}

}  // namespace airy::work
