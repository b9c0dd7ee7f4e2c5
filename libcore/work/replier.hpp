// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "event/message.hpp"
#include "mq/outcome.hpp"
#include "mq/publisher.hpp"
#include "util/clock.hpp"
#include "util/error.hpp"
#include "work/reply.hpp"
#include "work/timers.hpp"

namespace airy::work {

// The outcome of one reply.
struct ReplyOutcome {
    enum class Kind : std::uint8_t {
        open,        // none yet
        confirmed,   // the broker has it, also where nobody waits for it
        refused,     // it may be sent later: a full queue, or an error of the broker
        impossible,  // no broker takes it
        late,        // the broker has not confirmed it in time
        abandoned,   // nobody waits for its outcome any more
        lost,        // no reply can be sent any more: `Replier::end` says why
    };
    Kind kind = Kind::open;
    std::string why{};  // of refused and impossible
};

// Changes the result of a message whose reply has this outcome: without a confirmed reply there is
// no success. A failure stays as it is.
void require_reply(const ReplyOutcome& outcome, HandlerResult& result);

// Sends replies by one publisher, each confirmed by the broker. Loop thread, except `sent`.
class Replier {
  public:
    // All outlive this. The publisher needs no queue for a message: PublisherOptions::mandatory is
    // false.
    Replier(boost::asio::io_context& loop, Timers& timers, mq::Publisher& publisher,
            ReplyOptions options);
    ~Replier();
    Replier(const Replier&) = delete;
    Replier& operator=(const Replier&) = delete;

    const ReplyOptions& options() const noexcept { return options_; }

    // Sends the replies and waits for the outcome of each, in their order.
    boost::asio::awaitable<std::vector<ReplyOutcome>> send(std::vector<event::Message> replies);

    // From now on waits for each outcome for a second at most, then abandons the reply.
    void hurry();
    // Waits for no outcome any more: replies on their way, and those sent from now on, are
    // abandoned.
    void abandon();

    // The error for which no reply can be sent any more.
    const std::optional<Error>& end() const noexcept { return end_; }

    // Replies that the broker has confirmed.
    std::uint64_t sent() const noexcept { return sent_.load(std::memory_order_relaxed); }

  private:
    struct Sending;  // the replies of one call of `send`
    struct Place {
        std::shared_ptr<Sending> sending;
        std::size_t index = 0;
    };
    struct Waiting {
        event::Message reply;
        Place place;
    };

    void watch();
    void take();
    void take(const mq::PublisherEvent& event);
    void go_on();
    void conclude(const Place& place, ReplyOutcome outcome);
    void conclude_all(ReplyOutcome::Kind kind);
    void give_up(const std::shared_ptr<Sending>& sending);
    void lose(Error error);
    util::SteadyTime time_limit(util::SteadyTime begun) const;

    boost::asio::io_context& loop_;
    Timers& timers_;
    mq::Publisher& publisher_;
    mq::Upload upload_;
    const ReplyOptions options_;
    std::deque<Waiting> waiting_;            // for room in the publisher's window
    std::map<std::uint64_t, Place> on_way_;  // by sequence number
    util::SteadyTime last_news_{};           // of the publisher
    bool stalled_ = false;                   // not connected, or the broker blocks publishers
    std::optional<util::SteadyTime> hurried_at_;
    bool abandoned_ = false;
    std::optional<Error> end_;
    std::atomic<std::uint64_t> sent_{0};
    boost::asio::posix::stream_descriptor events_;
};

}  // namespace airy::work
