// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/consumer.hpp"

#include <fmt/core.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <exception>
#include <type_traits>
#include <unordered_set>
#include <utility>

#include "util/fd.hpp"
#include "util/log.hpp"
#include "util/service_manager.hpp"
#include "work/letter.hpp"

namespace airy::work {
namespace asio = boost::asio;
using asio::posix::stream_descriptor;
using boost::system::error_code;
using std::chrono::milliseconds;
namespace {

constexpr milliseconds hurried_close{1000};

pool::Options pool_options(const ConsumerOptions& options) {
    pool::Options pool;
    pool.size = options.slots;
    pool.task_timeout = {};                            // a handler has its own
    pool.on_failure = [](const pool::TaskReport&) {};  // failures are reported by message
    return pool;
}

}  // namespace

namespace {

// Nothing where it has none, or an empty one, which names nothing.
const std::string* id_of(const mq::Delivered& delivered) {
    const auto& id = delivered.message.properties.message_id;
    return id && !id->empty() ? &*id : nullptr;
}

}  // namespace

// Messages that one slot works on. Shared by the coroutine that submits it and the pool's task.
struct Consumer::Batch {
    std::vector<mq::Delivered> deliveries;
    std::vector<util::SteadyTime> since;
    std::vector<HandlerResult> results;
    Breaker::Probe probe = 0;
};

Consumer::Consumer(asio::io_context& loop, mq::Subscription& subscription, Handler& handler,
                   ConsumerOptions options)
    : loop_(loop),
      subscription_(subscription),
      handler_(handler),
      options_(std::move(options)),
      started_(util::steady_now()),
      activity_(started_),
      pool_(pool_options(options_), loop),
      breaker_(options_.break_after),
      random_(std::random_device()()),
      changed_(loop, asio::steady_timer::time_point::max()),
      held_timer_(loop),
      retry_timer_(loop),
      total_timer_(loop),
      events_(loop, util::duplicate(subscription.event_fd()).release()),
      signals_(loop) {
    if (options_.letters) courier_.emplace(loop, *options_.letters->broker, confirm_);
    if (options_.dedup) dedup_.emplace(*options_.dedup);
    if (options_.rate) rate_.emplace(*options_.rate);
}

Consumer::~Consumer() = default;

ConsumerResult Consumer::run(util::SignalFd& signals) {
    const auto ended = [this](const std::exception_ptr& exception) {
        if (exception) fail(Error(ErrorKind::general, pool::describe(exception)));
    };
    signals_.assign(util::duplicate(signals.fd()).release());
    refresh_state();
    asio::co_spawn(loop_, watch_subscription(), ended);
    asio::co_spawn(loop_, watch_signals(signals), ended);
    asio::co_spawn(loop_, dispatch(), ended);
    if (options_.stop.idle) asio::co_spawn(loop_, watch_idle(), ended);
    if (options_.stop.ready_messages) asio::co_spawn(loop_, watch_queue(), ended);
    if (options_.stop.total) {
        total_timer_.expires_after(*options_.stop.total);
        total_timer_.async_wait([this](const error_code& error) {
            if (!error) stop(StopReason::time_up);
        });
    }
    asio::co_spawn(loop_, live(), ended);
    util::notify_service_manager("READY=1");
    loop_.run();
    // What was cancelled at the end gets to its own end.
    loop_.restart();
    loop_.poll();
    result_.handled = handled_;
    result_.requeued = requeued_;
    result_.dead_lettered = dead_lettered_;
    result_.discarded = discarded_;
    result_.duplicates = duplicates_;
    return result_;
}

asio::awaitable<void> Consumer::live() {
    while (!stopping_)
        co_await until_changed(util::SteadyTime::max());
    co_await finish_running();
    release_held(util::SteadyTime::max());
    const auto deadline =
        at_once_ ? std::min(hurried_close, options_.close_deadline) : options_.close_deadline;
    if (courier_) courier_->close(deadline);
    const bool closed = subscription_.close(deadline);
    // What belonged to a connection that was gone before is delivered again, as always.
    result_.settled = (closed || away_at_signal_) && !lost_;
    state_ = ConsumerState::stopped;
    finished_ = true;
    error_code ignored;
    events_.close(ignored);
    signals_.close(ignored);
    held_timer_.cancel();
    retry_timer_.cancel();
    total_timer_.cancel();
    changed();
    loop_.stop();
}

// Until something has changed or the time has come; may also wake for nothing.
asio::awaitable<void> Consumer::until_changed(util::SteadyTime deadline) {
    asio::steady_timer alarm(loop_);
    if (deadline != util::SteadyTime::max()) {
        alarm.expires_at(deadline);
        alarm.async_wait([this](const error_code& error) {
            if (!error) changed();
        });
    }
    error_code ignored;
    co_await changed_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

asio::awaitable<void> Consumer::watch_signals(util::SignalFd& signals) {
    while (true) {
        error_code ended;
        co_await signals_.async_wait(stream_descriptor::wait_read,
                                     asio::redirect_error(asio::use_awaitable, ended));
        if (ended || finished_) co_return;
        while (const auto signal = signals.take()) {
            at_once_ = result_.signal != 0;
            if (!at_once_) result_.signal = *signal;
            if (!stopping_) away_at_signal_ = !connected_;
            stop(StopReason::signal);
            changed();
        }
    }
}

// Starts what waits, in order, as slots get free.
asio::awaitable<void> Consumer::dispatch() {
    while (!finished_) {
        if (!may_start()) {
            co_await until_changed(util::SteadyTime::max());
            continue;
        }
        const auto most = startable();
        const auto granted = most > 0 && rate_ ? rate_->take(most, util::steady_now()) : most;
        const auto batch = next_batch(granted);
        if (batch->deliveries.empty()) {
            if (may_start())
                co_await until_changed(next_start());
            else
                changed();  // what waited had all been handled before
            continue;
        }
        batch->probe = breaker_.started();
        pool::AsyncTask task(
            [this, batch](pool::TaskContext& context) { return run_batch(batch, context); });
        next_in_line_ = batch;
        const auto submitted = co_await pool_.async_submit(std::move(task));
        next_in_line_.reset();
        if (submitted == pool::Submitted::accepted) continue;
        for (const auto& delivered : batch->deliveries)
            conclude(delivered, {Verdict::not_handled, {}}, {.probe = batch->probe});
        active_ -= batch->deliveries.size();
        changed();
    }
}

bool Consumer::may_start() const {
    if (stopping_ || paused_ || waiting_.empty()) return false;
    return !options_.stop.count || done() + active_ + letters_ < *options_.stop.count;
}

// How many the next batch may hold, but for the rate.
std::size_t Consumer::startable() const {
    auto n = std::min(waiting_.size(), handler_.batch_limit());
    if (options_.stop.count)
        n = std::min<std::size_t>(n, *options_.stop.count - done() - active_ - letters_);
    return breaker_.allows(n, util::steady_now());
}

// When rate and breaker let the next one start.
util::SteadyTime Consumer::next_start() {
    const auto now = util::steady_now();
    return std::max(breaker_.next(now), rate_ ? rate_->next(now) : now);
}

bool Consumer::is_duplicate(const mq::Delivered& delivered) {
    const auto* id = id_of(delivered);
    return dedup_ && id != nullptr && dedup_->knows(*id, util::steady_now());
}

void Consumer::skip_duplicate(const mq::Delivered& delivered) {
    ++duplicates_;
    if (options_.log_events) log_settled(delivered, "duplicate", {});
    settle(delivered.handle, mq::Disposition::ack);
}

// At most that many of what waits; acks what was handled before and is no longer to be. A second
// one of the same id is left to the next batch, which knows what became of the first.
std::shared_ptr<Consumer::Batch> Consumer::next_batch(std::size_t most) {
    auto batch = std::make_shared<Batch>();
    batch->deliveries.reserve(most);
    batch->since.reserve(most);
    std::unordered_set<std::string> ids;
    while (batch->deliveries.size() < most && !waiting_.empty()) {
        auto& next = waiting_.front();
        if (is_duplicate(next.delivered)) {
            skip_duplicate(next.delivered);
        } else {
            const auto* id = id_of(next.delivered);
            if (dedup_ && id != nullptr && !ids.insert(*id).second) break;
            batch->deliveries.push_back(std::move(next.delivered));
            batch->since.push_back(next.since);
        }
        waiting_.pop_front();
    }
    batch->results.resize(batch->deliveries.size(), {Verdict::not_handled, {}});
    active_ += batch->deliveries.size();
    count_waiting();
    return batch;
}

// What was handled while it waited for a slot.
void Consumer::skip_duplicates(Batch& batch) {
    if (!dedup_) return;
    for (std::size_t i = batch.deliveries.size(); i-- > 0;) {
        if (!is_duplicate(batch.deliveries[i])) continue;
        skip_duplicate(batch.deliveries[i]);
        const auto at = static_cast<std::ptrdiff_t>(i);
        batch.deliveries.erase(batch.deliveries.begin() + at);
        batch.since.erase(batch.since.begin() + at);
        batch.results.pop_back();
        --active_;
    }
}

// When handlers were paused while it waited for a slot, it waits on, first of all.
bool Consumer::put_off(Batch& batch) {
    if (stopping_ || (!paused_ && breaker_.lets_start(batch.probe))) return false;
    breaker_.undecided(batch.probe);
    for (std::size_t i = batch.deliveries.size(); i-- > 0;)
        if (gone(batch.deliveries[i].handle)) {
            --in_flight_;
            ++result_.not_handled;
        } else {
            waiting_.push_front({std::move(batch.deliveries[i]), batch.since[i]});
        }
    active_ -= batch.deliveries.size();
    count_waiting();
    changed();
    return true;
}

void Consumer::count_waiting() {
    waiting_count_ = waiting_.size();
}

// What waits for a slot came before all that waits here, and goes back before it: the queue keeps
// its order.
void Consumer::give_back_next_in_line() {
    if (!next_in_line_) return;
    auto& [deliveries, since, results, probe] = *next_in_line_;
    breaker_.undecided(probe);
    for (const auto& delivered : deliveries)
        settle(delivered.handle, mq::Disposition::requeue);
    result_.not_handled += deliveries.size();
    active_ -= deliveries.size();
    deliveries.clear();
    since.clear();
    results.clear();
}

asio::awaitable<pool::TaskResult> Consumer::run_batch(std::shared_ptr<Batch> batch,
                                                      pool::TaskContext& context) {
    if (next_in_line_ == batch) next_in_line_.reset();
    auto& [deliveries, since, results, probe] = *batch;
    if (put_off(*batch)) co_return pool::TaskResult::ok;
    skip_duplicates(*batch);
    if (deliveries.empty()) {
        breaker_.undecided(probe);
        changed();
        co_return pool::TaskResult::ok;
    }
    auto begun = util::steady_now();
    std::chrono::nanoseconds took{};
    // While it waited for a slot its connection may have been lost; all of a batch are of one.
    if (!stopping_ && !gone(deliveries.front().handle)) {
        begun = util::steady_now();
        for (const auto time : since)
            wait_.record(begun - time);
        const auto key = activity_.begin(deliveries.front(), deliveries.size(), begun);
        try {
            co_await handler_.handle(deliveries, results, context);
        } catch (const std::exception& error) {
            for (auto& result : results)
                if (result.verdict == Verdict::not_handled) result = {Verdict::retry, error.what()};
        }
        activity_.end(key);
        took = util::steady_now() - begun;
        for (const auto& result : results)
            if (result.verdict == Verdict::not_handled) ++result_.cut_short;
        for (std::size_t i = 0; i < results.size(); ++i)
            run_.record(took);
    }
    bool failed = false;
    for (std::size_t i = 0; i < results.size(); ++i) {
        --active_;
        conclude(deliveries[i], results[i], {begun - since[i], took, probe});
        failed = failed || results[i].verdict != Verdict::success;
    }
    if (const int error = handler_.output_error(); error == EPIPE)
        stop(StopReason::output_closed);
    else if (error != 0 && error != ECANCELED)
        fail(Error(ErrorKind::general, std::string("cannot write to stdout: ") + ::strerror(error),
                   "is the disk full, or stdout closed?"));
    changed();
    co_return failed ? pool::TaskResult::failed : pool::TaskResult::ok;
}

ConsumerStatus Consumer::status() const {
    const auto metrics = pool_.metrics();
    ConsumerStatus status;
    status.name = options_.name;
    status.pid = ::getpid();
    status.queue = subscription_.queue();
    status.patterns = options_.patterns;
    status.state = state_;
    status.uptime = util::steady_now() - started_;
    status.cap = metrics.cap;
    status.running = metrics.running;
    status.free = metrics.free;
    // The pool knows of those only that the next one is.
    status.waiting = metrics.waiting + waiting_count_;
    status.in_flight = in_flight_;
    status.handled = handled_;
    status.failed = failed_;
    status.retried = requeued_;
    status.dead_lettered = dead_lettered_;
    status.discarded = discarded_;
    status.duplicates = duplicates_;
    status.reconnects = reconnects_;
    status.wait = percentiles(wait_.snapshot());
    status.run = percentiles(run_.snapshot());
    status.confirm = percentiles(confirm_.snapshot());
    activity_.tell(status, util::steady_now());
    return status;
}

void Consumer::resize(std::size_t slots) {
    pool_.resize(slots);
    if (options_.prefetch) subscription_.set_prefetch(options_.prefetch(slots));
}

void Consumer::pause() {
    asio::post(loop_, [this] {
        paused_ = true;
        refresh_state();
    });
}

void Consumer::resume() {
    asio::post(loop_, [this] {
        paused_ = false;
        breaker_.reset();
        refresh_state();
        changed();
    });
}

void Consumer::drain() {
    asio::post(loop_, [this] { stop(StopReason::drained); });
}

}  // namespace airy::work
