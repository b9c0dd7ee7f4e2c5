// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
// The way of messages from a consumer's intake through its slots to their settlement.
#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include "work/consumer.hpp"

namespace airy::work {
namespace asio = boost::asio;
namespace {

// A service manager that signals a whole control group reaches handlers up to this much earlier.
constexpr std::chrono::seconds signal_spread{1};

bool is_unavailable(const HandlerResult& result) noexcept {
    return result.verdict == Verdict::unavailable;
}

}  // namespace

// Starts waiting messages in the intake's order, as slots become free.
asio::awaitable<void> Consumer::dispatch() {
    while (!lifecycle_.finished()) {
        if (!may_start()) {
            co_await changed_.wait();
            continue;
        }
        const auto batch = std::make_shared<Batch>(intake_.next(most_to_start()));
        pass_over(*batch);
        active_ += batch->deliveries.size();
        if (batch->deliveries.empty()) {
            if (may_start())
                co_await changed_.wait_until(intake_.next_start(most_to_start()));
            else
                changed_.notify();  // every waiting message had been handled before
            continue;
        }
        pool::AsyncTask task(
            [this, batch](pool::TaskContext& context) { return run_batch(batch, context); });
        next_in_line_ = batch;
        const auto submitted = co_await pool_.async_submit(std::move(task));
        next_in_line_.reset();
        if (submitted != pool::Submitted::accepted) conclude_unhandled(*batch);
    }
}

bool Consumer::may_start() const {
    if (!lifecycle_.may_start() || intake_.empty()) return false;
    return !options_.stop.count ||
           settler_.done() + active_ + settler_.outstanding() < *options_.stop.count;
}

std::size_t Consumer::most_to_start() const {
    const auto most = handler_.batch_limit();
    if (!options_.stop.count) return most;
    return std::min<std::size_t>(
        most, *options_.stop.count - settler_.done() - active_ - settler_.outstanding());
}

asio::awaitable<pool::TaskResult> Consumer::run_batch(std::shared_ptr<Batch> batch,
                                                      pool::TaskContext& context) {
    if (next_in_line_ == batch) next_in_line_.reset();
    if (!prepare(*batch)) co_return pool::TaskResult::ok;
    auto& deliveries = batch->deliveries;
    auto& results = batch->results;
    const auto& since = batch->since;
    const auto& clock = timers_.clock();
    const auto run = ++last_run_;
    const auto begun = clock.steady();
    bool failed = false;
    std::size_t concluded = 0;
    try {
        observers_.began(run, deliveries, since);
        try {
            co_await handler_.handle(deliveries, results, context);
        } catch (const std::exception& error) {
            for (auto& result : results)
                if (result.verdict == Verdict::not_handled)
                    result = {.verdict = Verdict::retry, .reason = error.what()};
        }
        const auto took = clock.steady() - begun;
        observers_.ended(run, deliveries, took, !std::ranges::all_of(results, is_unavailable));
        co_await excuse_interrupted(results);
        wait_for_service(*batch);
        start_alone(*batch);
        if (options_.replier != nullptr) co_await reply(deliveries, results);
        while (concluded < results.size()) {
            const auto i = concluded++;
            const auto verdict = results[i].verdict;
            if (verdict == Verdict::not_handled || verdict == Verdict::alone) ++result_.cut_short;
            failed = failed || results[i].verdict != Verdict::success;
            conclude(std::move(deliveries[i]), results[i], {begun - since[i], took}, batch->probe);
        }
        const bool returns = settler_.held() > 0 || any_returns(results);
        if (returns ? read_ahead_.returned() : read_ahead_.ended(took)) set_prefetch();
    } catch (const std::exception& error) {
        // An observer or the work queue failed. Messages that were not settled go back to their
        // queue when the work queue is closed.
        active_ -= results.size() - concluded;
        fail(Error(ErrorKind::general, error.what()));
    }
    stop_when_enough();
    stop_with_handler();
    changed_.notify();
    co_return failed ? pool::TaskResult::failed : pool::TaskResult::ok;
}

// Takes the messages with this verdict out of the batch, to wait here as if they had not begun. A
// consumer that ends gives them back.
Batch Consumer::take_back(Batch& batch, Verdict verdict) {
    Batch taken;
    taken.probe = batch.probe;
    if (lifecycle_.stopping()) return taken;
    for (std::size_t i = 0; i < batch.results.size();) {
        if (batch.results[i].verdict != verdict || in_flight_.is_void(batch.deliveries[i].handle)) {
            ++i;
            continue;
        }
        taken.results.push_back(std::move(batch.results[i]));
        const auto since = batch.since[i];
        const auto number = batch.numbers[i];
        taken.add({batch.take_out(i), since, number});
    }
    active_ -= taken.deliveries.size();
    return taken;
}

void Consumer::wait_for_service(Batch& batch) {
    auto waiting = take_back(batch, Verdict::unavailable);
    if (waiting.deliveries.empty()) return;
    const bool first = !intake_.waits_for_service();
    if (intake_.service_absent(waiting.probe)) {
        observers_.service_absent(intake_.pause(), waiting.deliveries.front(),
                                  waiting.results.back().reason, first);
        apply(LifecycleEvent::trip);
    }
    intake_.put_first(waiting);
}

// The messages of a batch that has failed wait in their places, each for a slot of its own.
void Consumer::start_alone(Batch& batch) {
    auto waiting = take_back(batch, Verdict::alone);
    if (waiting.deliveries.empty()) return;
    waiting.alone = true;
    intake_.put_first(waiting);
}

// Whether a message of these goes back to its queue, rather than into another one.
bool Consumer::any_returns(std::span<const HandlerResult> results) const {
    return std::ranges::any_of(results,
                               [retries_return = retries_return()](const HandlerResult& result) {
                                   return result.verdict == Verdict::requeue ||
                                          (result.verdict == Verdict::retry && retries_return);
                               });
}

// A signal that ended a handler says nothing about its message when it is meant for the consumer as
// well, whose own signal may come a moment later. The slot stays taken until that is known, so that
// no handler starts meanwhile.
asio::awaitable<void> Consumer::excuse_interrupted(std::span<HandlerResult> results) {
    if (std::ranges::none_of(results, &HandlerResult::interrupted)) co_return;
    const auto limit = timers_.clock().steady() + signal_spread;
    while (result_.signal == 0 && timers_.clock().steady() < limit)
        co_await changed_.wait_until(limit);
    if (result_.signal == 0) co_return;
    for (auto& result : results)
        if (result.interrupted)
            result = {.verdict = Verdict::not_handled, .reason = "stopped before it was done"};
}

// Sends the replies of a batch. A message is not acked before the broker has its reply. A void
// delivery gets none: its message comes again.
asio::awaitable<void> Consumer::reply(std::span<const mq::Delivered> batch,
                                      std::span<HandlerResult> results) {
    auto& replier = *options_.replier;
    std::vector<event::Message> replies;
    std::vector<std::size_t> owners;
    for (std::size_t i = 0; i < batch.size(); ++i) {
        if (in_flight_.is_void(batch[i].handle) || !wants_reply(batch[i].message)) continue;
        refuse_long_reply(results[i], replier.options());
        const auto action = settler_.decide(batch[i], results[i]).action;
        auto reply =
            reply_to(batch[i], results[i], action, replier.options(), timers_.clock().now());
        if (!reply) continue;
        replies.push_back(std::move(*reply));
        owners.push_back(i);
    }
    if (replies.empty()) co_return;
    const auto outcomes = co_await replier.send(std::move(replies));
    for (std::size_t n = 0; n < owners.size(); ++n)
        require_reply(outcomes[n], results[owners[n]]);
    if (replier.end()) fail(*replier.end());
}

// Whether a batch that has waited for its slot still holds messages to handle.
bool Consumer::prepare(Batch& batch) {
    if (lifecycle_.stopping()) {
        conclude_unhandled(batch);
        return false;
    }
    const auto wanted = batch.deliveries.size();
    if (in_flight_.any_void()) conclude_void(batch);
    if (lifecycle_.paused() || !intake_.may_still_start(batch)) {
        active_ -= batch.deliveries.size();
        intake_.put_first(batch);
        changed_.notify();
        return false;
    }
    intake_.set_duplicates_aside(batch);
    active_ -= batch.duplicates.size();
    pass_over(batch);
    // The next messages of their keys may start.
    if (batch.deliveries.size() < wanted) changed_.notify();
    if (!batch.deliveries.empty()) return true;
    intake_.forget(batch);
    return false;
}

void Consumer::pass_over(Batch& batch) {
    for (const auto& duplicate : batch.duplicates)
        settler_.skip(duplicate);
    batch.duplicates.clear();
}

void Consumer::conclude_unhandled(Batch& batch) {
    for (std::size_t i = 0; i < batch.deliveries.size(); ++i)
        conclude(std::move(batch.deliveries[i]), batch.results[i], {}, batch.probe);
    batch.deliveries.clear();
    changed_.notify();
}

// Messages whose connection was lost while they waited for their slot.
void Consumer::conclude_void(Batch& batch) {
    for (std::size_t i = batch.deliveries.size(); i-- > 0;) {
        if (!in_flight_.is_void(batch.deliveries[i].handle)) continue;
        const auto result = batch.results[i];
        conclude(batch.take_out(i), result, {}, batch.probe);
    }
}

void Consumer::conclude(mq::Delivered&& delivered, const HandlerResult& result,
                        const Course& course, Breaker::Probe probe) {
    --active_;
    const auto decision = settler_.decide(delivered, result);
    switch (intake_.learn(delivered, decision, probe)) {
        case Intake::Change::opened:
            observers_.breaker_opened(intake_.pause(), delivered);
            apply(LifecycleEvent::trip);
            break;
        case Intake::Change::closed:
            observers_.breaker_closed();
            apply(LifecycleEvent::recover);
            break;
        case Intake::Change::present:
            observers_.service_present();
            apply(LifecycleEvent::recover);
            break;
        case Intake::Change::none:
            break;
    }
    settler_.carry_out(std::move(delivered), result, decision, course);
}

void Consumer::stop_with_handler() {
    auto end = handler_.end();
    if (!end) return;
    if (end->unread)
        stop(StopReason::output_closed);
    else
        fail(std::move(end->error));
}

}  // namespace airy::work
