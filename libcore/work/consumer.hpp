// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "mq/work_queue.hpp"
#include "pool/pool.hpp"
#include "util/error.hpp"
#include "util/signals.hpp"
#include "work/activity.hpp"
#include "work/condition.hpp"
#include "work/consumer_log.hpp"
#include "work/handler.hpp"
#include "work/in_flight.hpp"
#include "work/intake.hpp"
#include "work/lifecycle.hpp"
#include "work/read_ahead.hpp"
#include "work/replier.hpp"
#include "work/settler.hpp"
#include "work/status.hpp"
#include "work/stop_watcher.hpp"
#include "work/timers.hpp"

namespace airy::work {

struct ConsumerOptions {
    std::string name;
    std::vector<std::string> patterns;  // for the status only
    std::size_t slots = 1;
    std::size_t most_slots = std::numeric_limits<std::size_t>::max();  // that a resize may ask for
    bool log_events = false;  // a log line for each message that is settled
    RetryPolicy retry{};
    IntakeOptions intake{};
    // The prefetch for a number of slots, with so many messages taken ahead of them. It begins with
    // none. Empty: it stays as at the start.
    std::function<std::uint16_t(std::size_t slots, ReadAhead::Amount ahead)> prefetch{};
    StopConditions stop{};
    // For running handlers to end. With ChildOptions::kill_after it stays below 30 s, after which
    // orchestrators kill.
    std::chrono::nanoseconds drain = std::chrono::seconds(25);
    std::chrono::milliseconds close_deadline{10'000};  // for the last settlements
    // A message that has waited here for so long goes back to the queue in an orderly way, and
    // comes again. Brokers end the connection of a consumer that keeps one for longer (RabbitMQ's
    // consumer_timeout: 30 minutes), and count that against each message that it holds.
    std::chrono::nanoseconds longest_wait = std::chrono::minutes(10);
    // Each called once, on the loop's thread: when messages are taken, and when no more will be.
    std::function<void()> on_ready{};
    std::function<void()> on_stopping{};
    std::vector<ConsumerObserver*> observers{};  // beside the consumer's own; outlive it
    // Sends a reply to each message that wants one, before the message is settled; outlives the
    // consumer. Null: no message gets a reply.
    Replier* replier = nullptr;
};

struct ConsumerResult {
    StopReason reason = StopReason::drained;
    int signal = 0;
    std::optional<Error> error{};
    std::uint64_t handled = 0;        // acked
    std::uint64_t retried = 0;        // failed attempts that another one follows
    std::uint64_t dead_lettered = 0;  // given up and kept
    std::uint64_t discarded = 0;      // given up and not kept
    std::uint64_t duplicates = 0;     // acked without handling: handled before
    std::uint64_t not_handled = 0;    // begun or taken, and given back
    std::uint64_t cut_short = 0;      // of these: begun, and stopped before they were done
    bool settled = true;              // the broker has all settlements
};

// Takes messages from a work queue, runs the handler for them on a pool of slots, and settles each
// by the handler's verdict. When the connection is lost and made again, handlers continue and their
// results are dropped, since the broker delivers those messages again. Everything happens on the
// loop's thread, the one that calls run; ConsumerControl says what others
// may call.
//
// Intake decides which messages may start, Settler what happens to a message after its handler,
// Lifecycle the consumer's state. This class connects them to the loop, the pool and the work
// queue.
class Consumer final : public ConsumerControl, private StopWatcher::Subject {
  public:
    // All outlive this.
    Consumer(boost::asio::io_context& loop, Timers& timers, mq::WorkQueue& queue, Handler& handler,
             ConsumerOptions options);
    ~Consumer() override;

    // Runs the loop until a stop condition, a signal, or the end of the work queue; then drains:
    // takes no more messages, lets handlers end, asks the rest to stop, gives unfinished messages
    // back and closes the work queue. A second signal kills running handlers; so does SIGQUIT at
    // once, and SIGHUP never does. Call it once.
    ConsumerResult run(util::SignalFd& signals);

    // The same for a caller that runs the loop itself: begin, run the loop until it is stopped,
    // end.
    void begin(util::SignalFd& signals);
    ConsumerResult end();

    ConsumerStatus status() const override;
    void resize(std::size_t slots) override;
    void pause() override;
    void resume() override;
    void drain() override;
    std::size_t cancel(std::string_view id, AfterCancel then) override;

  private:
    bool quiet() const override;
    std::uint64_t arrivals() const override { return intake_.arrivals(); }
    bool stopping() const override { return lifecycle_.stopping(); }
    std::uint64_t count() override { return queue_.count(); }
    void stop(StopReason reason) override;
    void fail(Error error) override;

    boost::asio::awaitable<void> live();
    boost::asio::awaitable<void> take_events();
    boost::asio::awaitable<void> watch_signals(util::SignalFd& signals);
    boost::asio::awaitable<void> release_held();
    boost::asio::awaitable<void> finish_running();
    void heed(int signal);
    void apply(LifecycleEvent event, StopReason reason = StopReason::drained);
    void begin_to_drain();
    void give_back_waiting();
    void watch_waiting();
    void renew_waiting();
    void close_queue();
    void accept(mq::WorkQueueEvent&& event);
    void take(mq::Delivered&& delivered);
    void interrupted(const mq::Interrupted& event);
    void lost(const mq::Lost& event);
    void stop_when_enough();

    // consumer_dispatch.cpp
    boost::asio::awaitable<void> dispatch();
    boost::asio::awaitable<pool::TaskResult> run_batch(std::shared_ptr<Batch> batch,
                                                       pool::TaskContext& context);
    boost::asio::awaitable<void> excuse_interrupted(std::span<HandlerResult> results);
    boost::asio::awaitable<void> reply(std::span<const mq::Delivered> batch,
                                       std::span<HandlerResult> results);
    Batch take_back(Batch& batch, Verdict verdict);
    void wait_for_service(Batch& batch);
    void start_alone(Batch& batch);
    // Whether a message to be tried again goes back to its queue, rather than into another one.
    bool retries_return() const {
        return !queue_.retries() || options_.retry.on_error == OnError::requeue;
    }
    bool any_returns(std::span<const HandlerResult> results) const;
    bool may_start() const;
    bool at_rest() const { return active_ == 0 && handler_.at_rest(); }
    std::size_t most_to_start() const;
    bool prepare(Batch& batch);
    void pass_over(Batch& batch);
    void conclude_unhandled(Batch& batch);
    void conclude_void(Batch& batch);
    void conclude(mq::Delivered&& delivered, const HandlerResult& result, const Course& course,
                  Breaker::Probe probe);
    void stop_with_handler();
    void set_prefetch();

    boost::asio::io_context& loop_;
    mq::WorkQueue& queue_;
    Handler& handler_;
    const ConsumerOptions options_;
    Timers& timers_;

    Activity activity_;
    ConsumerLog log_;
    Observers observers_;
    InFlight in_flight_;
    Intake intake_;
    Settler settler_;
    ReadAhead read_ahead_;
    Lifecycle lifecycle_;
    Condition changed_;  // notified when a member above changes
    StopWatcher stop_watcher_;
    pool::TaskPool pool_;

    std::unique_ptr<Timer> renewal_;  // of messages that wait for long
    bool renewal_set_ = false;
    std::shared_ptr<Batch> next_in_line_;  // waits for a slot
    std::size_t active_ = 0;               // messages in batches
    std::uint64_t last_run_ = 0;           // number of the handler call that began last
    ConsumerResult result_;
    util::SteadyTime signalled_at_{};  // the first signal
    boost::asio::posix::stream_descriptor events_;
    boost::asio::posix::stream_descriptor signals_;
};

}  // namespace airy::work
