// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "mq/subscription.hpp"
#include "pool/histogram.hpp"
#include "pool/pool.hpp"
#include "util/error.hpp"
#include "util/signals.hpp"
#include "work/activity.hpp"
#include "work/breaker.hpp"
#include "work/courier.hpp"
#include "work/dedup.hpp"
#include "work/handler.hpp"
#include "util/rate_limit.hpp"
#include "work/return_counts.hpp"
#include "work/status.hpp"
#include "work/work_queue.hpp"

namespace airy::work {

// When a consumer ends by itself. A message counts once it is done with: acked or dead-lettered.
struct StopConditions {
    std::optional<std::uint64_t> count;
    std::optional<std::chrono::nanoseconds> idle;  // nothing came and nothing ran for this long
    std::optional<std::chrono::nanoseconds> total;
    // Ends when the queue has no message left and nothing runs. Says how many are ready; may block,
    // is called on a thread of its own, and may throw.
    std::function<std::uint64_t()> ready_messages;
};

// Where copies of what failed are put: the retry queues and the dead-letter queue of `queue`, which
// is of airy's making. Without it, what is to be retried is held back and put back, and dead
// letters are left to the broker.
struct Letters {
    mq::Broker* broker;  // outlives the consumer
    WorkQueue queue;
    // The queue was declared so that what is rejected goes to its dead-letter queue.
    bool broker_keeps = true;
};

struct ConsumerOptions {
    std::string name;
    std::vector<std::string> patterns;  // for the status only
    std::size_t slots = 1;
    bool log_events = false;      // a log line for each message that is settled
    unsigned delivery_limit = 0;  // of the queue; 0: none, or not known
    RetryPolicy retry{};
    std::optional<Letters> letters{};
    std::optional<std::chrono::nanoseconds> dedup{};  // how long a handled message_id is known
    std::optional<double> rate{};                     // handlers started a second, at most
    // How many to take ahead for so many slots, when they are changed; none: as at the start.
    std::function<std::uint16_t(std::size_t slots)> prefetch{};
    unsigned break_after = 0;  // failures in a row; 0: any number
    StopConditions stop{};
    std::chrono::nanoseconds drain = std::chrono::seconds(30);  // for what runs to finish
    std::chrono::milliseconds close_deadline{10'000};           // for the last settlements
};

enum class StopReason : std::uint8_t {
    count,
    idle,
    time_up,
    queue_empty,
    drained,        // by ConsumerControl::drain
    signal,         // SIGINT or SIGTERM
    output_closed,  // the reader of stdout is gone
    failed,         // `error` says how
};

struct ConsumerResult {
    StopReason reason = StopReason::drained;
    int signal = 0;
    std::optional<Error> error{};
    std::uint64_t handled = 0;        // acked
    std::uint64_t requeued = 0;       // by a handler's verdict, or to be retried
    std::uint64_t dead_lettered = 0;  // given up and kept
    std::uint64_t discarded = 0;      // given up and not kept
    std::uint64_t duplicates = 0;     // acked without handling: they had been handled before
    std::uint64_t not_handled = 0;    // begun or taken, and given back
    std::uint64_t cut_short = 0;      // of these: begun, and stopped before they were done
    bool settled = true;              // the broker has all settlements
};

// Takes messages from a subscription, runs the handler for them on a pool of slots, and settles
// each by what the handler says. When the connection is lost and made again, what runs runs on and
// its results are dropped, since the broker delivers it again. Everything happens on the loop's
// thread, the one that calls run; ConsumerControl may be called from any.
class Consumer final : public ConsumerControl {
  public:
    Consumer(boost::asio::io_context& loop, mq::Subscription& subscription, Handler& handler,
             ConsumerOptions options);
    ~Consumer() override;

    // Runs the loop until a stop condition, a signal, or the end of the subscription; then drains:
    // takes nothing more, lets what runs finish, asks the rest to stop, gives back what was not
    // finished and closes the subscription. A second signal kills what runs. Tells the service
    // manager when it is ready and when it stops. Call it once.
    ConsumerResult run(util::SignalFd& signals);

    ConsumerStatus status() const override;
    void resize(std::size_t slots) override;
    void pause() override;
    void resume() override;
    void drain() override;

  private:
    struct Batch;
    // How one message came to its verdict.
    struct Course {
        std::chrono::nanoseconds wait{};
        std::chrono::nanoseconds run{};
        Breaker::Probe probe = 0;
    };

    boost::asio::awaitable<void> live();
    boost::asio::awaitable<void> watch_subscription();
    boost::asio::awaitable<void> watch_signals(util::SignalFd& signals);
    boost::asio::awaitable<void> dispatch();
    boost::asio::awaitable<void> watch_idle();
    boost::asio::awaitable<void> watch_queue();
    boost::asio::awaitable<bool> stays_quiet(std::chrono::milliseconds duration);
    boost::asio::awaitable<std::uint64_t> count_ready();
    boost::asio::awaitable<std::uint64_t> count_on_thread();
    boost::asio::awaitable<pool::TaskResult> run_batch(std::shared_ptr<Batch> batch,
                                                       pool::TaskContext& context);
    boost::asio::awaitable<void> finish_running();
    boost::asio::awaitable<void> until_changed(util::SteadyTime deadline);

    void accept(mq::SubscriptionEvent event);
    void take(mq::Delivered delivered);
    void interrupted(const mq::Interrupted& event);
    void restored();
    bool gone(mq::DeliveryHandle tag) const;
    void stop(StopReason reason);
    void give_back_next_in_line();
    void fail(Error error);
    void refresh_state();
    std::uint64_t done() const;
    bool may_start() const;
    std::size_t startable() const;
    util::SteadyTime next_start();
    bool quiet() const;
    bool is_duplicate(const mq::Delivered& delivered);
    std::shared_ptr<Batch> next_batch(std::size_t most);
    void skip_duplicates(Batch& batch);
    bool put_off(Batch& batch);
    bool signalled();
    void count_waiting();
    void conclude(const mq::Delivered& delivered, const HandlerResult& result,
                  const Course& course);
    void skip_duplicate(const mq::Delivered& delivered);
    // `settlement` as in airy_messages_total.
    void log_settled(const mq::Delivered& delivered, std::string_view settlement,
                     const Course& course) const;
    void note_outcome(const mq::Delivered& delivered, const Decision& made, Breaker::Probe probe);
    History history_of(const mq::Delivered& delivered) const;
    void carry_out(const mq::Delivered& delivered, const Decision& made);
    bool goes_by_letter(const Decision& made) const;
    boost::asio::awaitable<void> send_letter(mq::Delivered delivered, HandlerResult result,
                                             Decision made, Course course);
    void retry_comes_back_after(std::chrono::milliseconds delay);
    void report(const mq::Delivered& delivered, const HandlerResult& result, const Decision& made);
    void settle(mq::DeliveryHandle tag, mq::Disposition settlement);
    void put_back(const mq::Delivered& delivered, std::chrono::milliseconds delay);
    void hold_back(mq::DeliveryHandle tag, std::chrono::milliseconds delay);
    void release_held(util::SteadyTime until);
    void stop_when_enough();
    void changed() { changed_.cancel(); }

    struct Waiting {
        mq::Delivered delivered;
        util::SteadyTime since;
    };

    boost::asio::io_context& loop_;
    mq::Subscription& subscription_;
    Handler& handler_;
    const ConsumerOptions options_;
    const util::SteadyTime started_;
    Activity activity_;
    pool::TaskPool pool_;

    // Loop thread only.
    std::deque<Waiting> waiting_;
    std::multimap<util::SteadyTime, mq::DeliveryHandle> held_;  // to be put back then
    std::shared_ptr<Batch> next_in_line_;                       // waits for a slot
    std::size_t active_ = 0;                                    // messages in batches
    std::size_t letters_ = 0;                                   // copies on their way
    pool::Recorder confirm_;
    std::optional<Courier> courier_;  // after what it writes to
    std::optional<Dedup> dedup_;
    std::optional<util::RateLimit> rate_;
    Breaker breaker_;
    ReturnCounts returns_;
    std::minstd_rand random_;
    util::SteadyTime last_retry_due_{};  // when the last of our retries will have come back
    std::uint64_t seen_generation_ = 0;  // of the latest delivery
    std::uint64_t lost_generation_ = 0;  // this and older ones are gone
    bool connected_ = true;
    unsigned failed_counts_ = 0;  // of ready messages, in a row
    std::uint64_t arrivals_ = 0;
    bool paused_ = false;
    bool stopping_ = false;
    bool lost_ = false;                 // nothing can be settled any more
    bool away_at_signal_ = false;       // it came while there was no connection
    bool at_once_ = false;              // a second signal came
    bool finished_ = false;             // the watchers may end
    util::SteadyTime reports_since_{};  // when the current second of reports began
    unsigned reports_ = 0;              // failures in it
    ConsumerResult result_;
    boost::asio::steady_timer changed_;  // never expires by itself; cancelled to wake who waits
    boost::asio::steady_timer held_timer_;
    boost::asio::steady_timer retry_timer_;  // wakes at last_retry_due_
    boost::asio::steady_timer total_timer_;
    boost::asio::posix::stream_descriptor events_;
    boost::asio::posix::stream_descriptor signals_;
    std::optional<boost::asio::thread_pool> counting_thread_;  // for StopConditions::ready_messages

    // Written by the loop thread, read by any.
    std::atomic<ConsumerState> state_{ConsumerState::starting};
    std::atomic<std::size_t> in_flight_{0};
    std::atomic<std::size_t> waiting_count_{0};  // for a slot
    std::atomic<std::uint64_t> handled_{0};
    std::atomic<std::uint64_t> failed_{0};
    std::atomic<std::uint64_t> requeued_{0};
    std::atomic<std::uint64_t> dead_lettered_{0};
    std::atomic<std::uint64_t> discarded_{0};
    std::atomic<std::uint64_t> duplicates_{0};
    std::atomic<std::uint64_t> reconnects_{0};
    pool::Recorder wait_;
    pool::Recorder run_;
};

}  // namespace airy::work
