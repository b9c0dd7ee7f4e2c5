// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/copies/transfer.hpp"

#include <fmt/core.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <deque>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "mq/copies/letter.hpp"
#include "mq/outcome.hpp"
#include "mq/quiet_check.hpp"
#include "util/error.hpp"
#include "util/rate_limit.hpp"
#include "util/text.hpp"

namespace airy::mq::copies {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// The broker counts a queue's messages before it hands them out. When no message came for this
// long, and none is on its way, other consumers have taken the rest.
constexpr milliseconds quiet{1000};
constexpr milliseconds recount_after{20};
constexpr milliseconds close_deadline{5000};
constexpr milliseconds confirm_patience{30'000};
constexpr std::uint16_t most_prefetch = 65'535;
// Each message that cannot be moved is held, by a connection of its own where none is passed over.
constexpr std::uint64_t most_unmovable = 50;

// The messages of one queue, one after the other.
class Reader {
  public:
    Reader(Broker& broker, const std::string& queue, std::uint16_t prefetch,
           util::SignalFd& signals)
        : broker_(broker), ready_(broker.topology()->check_queue(queue).ready), signals_(signals) {
        options_.queue = queue;
        options_.prefetch = prefetch;
        // An acked message has a copy elsewhere: an early ack keeps the time short in which both
        // exist.
        options_.settle_at_once = true;
        subscriptions_.push_back(broker.subscribe(options_));
    }

    // The next message; nothing when all ready messages have come, or a signal.
    std::optional<Delivered> next() {
        if (signal_ || taken_ >= ready_) return std::nullopt;
        check_.disturb();
        const auto deadline = steady_clock::now() + quiet;
        while (waiting_.empty()) {
            if (check_.ready()) return std::nullopt;
            const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
            if (left.count() <= 0) {
                if (stopped_) return std::nullopt;
                if (!check_.under_way()) check_.begin();
            }
            auto& subscription = *subscriptions_.back();
            pollfd fds[] = {{subscription.event_fd(), POLLIN, 0}, {signals_.fd(), POLLIN, 0}};
            ::poll(fds, 2,
                   check_.under_way() ? -1
                                      : static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
            for (auto& event : subscription.take())
                take(std::move(event));
            if ((signal_ = signals_.take())) return std::nullopt;
        }
        auto delivered = std::move(waiting_.front());
        waiting_.pop_front();
        ++taken_;
        ++in_hand_;
        in_order_.push_back(delivered.handle);
        return delivered;
    }

    // Takes no more messages. Shows those that the broker has handed out already, also after a
    // signal; they are kept until the end.
    void take_rest(const std::function<void(const Delivered&)>& see) {
        const auto signal = std::exchange(signal_, std::nullopt);
        take_no_more();
        while (in_hand_ < options_.prefetch) {
            const auto delivered = next();
            if (!delivered) break;
            see(*delivered);
        }
        if (signal) signal_ = signal;
    }

    // A subscription that has stopped does not count its queue: from now on a pause is the end.
    void take_no_more() {
        subscriptions_.back()->stop();
        stopped_ = true;
    }

    // Keeps the first message, and takes more than one at a time from now on.
    void widen(std::uint16_t prefetch) {
        subscriptions_.back()->set_prefetch(prefetch);
        options_.prefetch = prefetch;
        in_hand_ = 0;
        widened_ = true;
    }

    // Acks the last message.
    void ack(DeliveryHandle handle) {
        subscriptions_.back()->settle(handle, Disposition::ack);
        --in_hand_;
        if (in_order_.back() == handle) in_order_.pop_back();
    }

    // Keeps the last message until the end. When the subscription's prefetch is used up, another
    // subscription continues.
    void hold() {
        if (++held_ < options_.prefetch || taken_ >= ready_) return;
        held_ = in_hand_ = 0;
        in_order_.clear();
        subscriptions_.push_back(broker_.subscribe(options_));
    }

    // Throws when the queue has messages and has given none.
    void check_that_some_came() {
        if (taken_ > 0 || ready_ == 0 || signal_) return;
        const auto left = broker_.topology()->check_queue(options_.queue).ready;
        if (left == 0) return;
        throw Error(ErrorKind::timeout,
                    fmt::format("the queue '{}' has {} messages but delivers none",
                                util::printable(options_.queue), left),
                    "does another consumer have it alone (single active)?");
    }

    // Gives the unacked messages back, in order. All subscriptions stop first, so that none takes
    // the messages of another.
    void close() {
        for (const auto& subscription : subscriptions_)
            subscription->stop();
        // The broker would give back the messages of the wider prefetch before the first one.
        if (widened_)
            for (const auto handle : in_order_)
                subscriptions_.back()->settle(handle, Disposition::requeue);
        bool answered = true;
        for (const auto& subscription : subscriptions_)
            answered = subscription->close(close_deadline) && answered;
        if (!answered)
            throw Error(ErrorKind::unreachable, "the broker did not answer the last settlements",
                        "the last moved messages may be in both queues");
    }

    std::uint64_t ready() const noexcept { return ready_; }
    std::uint64_t taken() const noexcept { return taken_; }
    std::optional<int> signal() const noexcept { return signal_; }
    util::SignalFd& signals() noexcept { return signals_; }
    void stop(int signal) { signal_ = signal; }

  private:
    void take(SubscriptionEvent event) {
        if (auto* delivered = std::get_if<Delivered>(&event)) {
            read_past(*delivered);
            waiting_.push_back(std::move(*delivered));
        } else if (const auto* lost = std::get_if<Lost>(&event))
            std::rethrow_exception(lost->error);
        else if (const auto* cancelled = std::get_if<Cancelled>(&event))
            throw Error(ErrorKind::not_found, cancelled->reason);
        else if (const auto* counted = std::get_if<Counted>(&event))
            check_.take(*counted);
    }

    Broker& broker_;
    const std::uint64_t ready_;
    util::SignalFd& signals_;
    SubscribeOptions options_;
    std::vector<std::unique_ptr<Subscription>> subscriptions_;  // only the last is read
    std::size_t held_ = 0;                                      // messages of the last subscription
    std::size_t in_hand_ = 0;                                   // the same, not only the held ones
    bool widened_ = false;
    bool stopped_ = false;
    std::vector<DeliveryHandle> in_order_;  // taken from the last subscription and not acked
    QuietCheck check_{[this] { return subscriptions_.back()->count(); }};
    std::deque<Delivered> waiting_;
    std::uint64_t taken_ = 0;
    std::optional<int> signal_;
};

// The number of messages missing from `expected`; 0 where other consumers take some. The broker
// counts returned messages a little later.
std::uint64_t count_missing(Topology& topology, const std::string& queue, std::uint64_t expected) {
    const auto deadline = steady_clock::now() + quiet;
    while (true) {
        const auto now = topology.check_queue(queue);
        if (now.ready >= expected) return 0;
        if (steady_clock::now() >= deadline) return now.consumers > 0 ? 0 : expected - now.ready;
        std::this_thread::sleep_for(recount_after);
    }
}

// Returns why the protocol cannot hold the message, even without optional headers; empty: the
// message is confirmed.
std::string publish_confirmed(Publisher& publisher, event::Message message, const std::string& to) {
    std::optional<Outcome> outcome;
    try {
        outcome = publish_one(publisher, message, confirm_patience);
    } catch (const Error& error) {
        const bool refused_here = error.reason() == Reason::publish_refused && !error.permanent();
        if (error.kind() != ErrorKind::invalid_event && !refused_here) throw;
        if (!leave_out_optional(message)) return error.what();
        return publish_confirmed(publisher, std::move(message), to);
    }
    if (!outcome)
        throw Error(ErrorKind::undelivered,
                    fmt::format("'{}' did not confirm a message", util::printable(to)),
                    "it stays where it was, and may be in both queues");
    if (!outcome->delivered())
        throw Error(
            ErrorKind::undelivered,
            fmt::format("the queue '{}' did not take a message: it stays", util::printable(to)));
    return {};
}

event::Message copy_of(const event::Message& message, const Transfer& what) {
    switch (what.as) {
        case TransferAs::work:
            return requeued(message, what.to, util::system_clock().now());
        case TransferAs::is:
            break;
    }
    return moved(message, what.to);
}

// Acks a message that may not come back once more, and has a copy take its place. False: the
// message goes back at the end.
bool save(LastReturn& last, Reader& reader, const Delivered& delivered) {
    if (!last.is_due(delivered) || !last.copy(delivered)) return false;
    reader.ack(delivered.handle);
    return true;
}

void save_rest(LastReturn& last, Reader& reader) {
    if (last.limited())
        reader.take_rest([&](const Delivered& delivered) { save(last, reader, delivered); });
}

// False when a signal came first.
bool wait_for_turn(util::RateLimit& rate, Reader& reader) {
    while (rate.take(1, steady_clock::now()) == 0) {
        const auto now = steady_clock::now();
        const auto left = std::chrono::ceil<milliseconds>(rate.next(now) - now);
        pollfd waiting{reader.signals().fd(), POLLIN, 0};
        ::poll(&waiting, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 1)));
        if (const auto signal = reader.signals().take()) {
            reader.stop(*signal);
            return false;
        }
    }
    return true;
}

// Before the first message is taken: its return may be the one too many.
void require_copies(LastReturn& last, const ReturnRule& rule, const std::string& queue) {
    if (!last.limited() || rule.look_to_the_last || last.can_copy()) return;
    throw Error(Reason::look_unsafe,
                fmt::format("looking into '{}' could lose messages: each look counts against its "
                            "delivery limit, and the broker takes no copy of a message that may "
                            "come back no more",
                            util::printable(queue)));
}

}  // namespace

Look look_into(Broker& broker, const ReturnRule& rule, const std::string& queue,
               std::uint64_t limit, const std::function<bool(const Delivered&)>& see,
               util::SignalFd& signals) {
    // The broker marks each delivered message, so it delivers no more than the limit.
    const auto prefetch =
        limit == 0 ? most_prefetch : std::min<std::uint64_t>(limit, most_prefetch);
    LastReturn last(broker, queue, rule);
    require_copies(last, rule, queue);
    // Where returns are limited, the first message alone is taken first: it has returned most
    // often.
    Reader reader(broker, queue, last.limited() ? 1 : static_cast<std::uint16_t>(prefetch),
                  signals);
    Look look;
    look.return_limit = rule.limit;
    look.limit_guessed = rule.guessed;
    bool came_back = false;  // of the last message seen
    bool wide = !last.limited();
    while (limit == 0 || look.seen < limit) {
        const auto delivered = reader.next();
        if (!delivered) break;
        if ((look.last_return = last.must_end_look(*delivered))) {
            reader.take_no_more();
            save(last, reader, *delivered);
            break;
        }
        const bool saved = save(last, reader, *delivered);
        ++look.seen;
        came_back = delivered->redelivered;
        if (!saved)
            look.most_returns = std::max<std::uint64_t>(look.most_returns, delivered->returns + 1);
        if (!see(*delivered)) break;
        if (!wide && !saved && look.seen < prefetch) {
            // The prefetch of the only message so far, 1, would change nothing.
            reader.widen(
                static_cast<std::uint16_t>(std::max<std::uint64_t>(prefetch - look.seen, 2)));
            wide = true;
        }
    }
    if (wide || !look.last_return) save_rest(last, reader);
    reader.check_that_some_came();
    look.left = reader.ready() - std::min(reader.ready(), look.seen);
    look.marked = std::min(reader.ready(), prefetch);
    look.signal = reader.signal();
    if (!came_back || look.left == 0 || look.last_return) {
        reader.close();
        look.copied = last.copied();
        if (look.seen > 0 || look.last_return)
            look.missing = count_missing(*broker.topology(), queue, reader.ready());
        return look;
    }
    // The remaining messages go back behind these. Another subscription takes them; it takes no
    // more afterwards, else the broker would hand it these messages too.
    const auto others = std::min<std::uint64_t>(look.left, most_prefetch);
    Reader rest(broker, queue, static_cast<std::uint16_t>(others), signals);
    std::vector<Delivered> due;
    while (rest.taken() < others) {
        auto delivered = rest.next();
        if (!delivered) break;
        if (last.is_due(*delivered)) due.push_back(std::move(*delivered));
    }
    look.marked += rest.taken();
    reader.close();
    // Only now, since each ack makes room for a message that comes back.
    rest.take_no_more();
    for (const auto& delivered : due)
        save(last, rest, delivered);
    rest.close();
    look.copied = last.copied();
    look.missing = count_missing(*broker.topology(), queue, reader.ready());
    return look;
}

Transferred transfer(Broker& broker, const ReturnRule& rule, const Transfer& what,
                     util::SignalFd& signals) {
    broker.topology()->check_queue(what.to);
    LastReturn last(broker, what.from, rule);
    if (what.wanted) require_copies(last, rule, what.from);
    // Messages that do not match are held until the end, so they must not fill the prefetch.
    Reader reader(broker, what.from, what.wanted ? most_prefetch : 1, signals);
    const auto publisher = broker.publisher({});
    std::optional<util::RateLimit> rate;
    if (what.rate) rate.emplace(*what.rate);
    Transferred done;
    while (what.limit == 0 || done.moved < what.limit) {
        const auto delivered = reader.next();
        if (!delivered) break;
        if (what.wanted && !what.wanted(*delivered)) {
            ++done.passed_over;
            if (!save(last, reader, *delivered)) reader.hold();
            continue;
        }
        if (rate && !wait_for_turn(*rate, reader)) break;
        auto why = publish_confirmed(*publisher, copy_of(delivered->message, what), what.to);
        if (why.empty()) {
            reader.ack(delivered->handle);
            ++done.moved;
            continue;
        }
        if (done.unmovable++ == 0) done.why = std::move(why);
        if (done.unmovable >= most_unmovable) break;
        reader.hold();
    }
    save_rest(last, reader);
    reader.check_that_some_came();
    reader.close();
    publisher->close(close_deadline);
    done.copied = last.copied();
    if (const auto stayed = done.passed_over + done.unmovable; stayed > 0)
        done.missing = count_missing(*broker.topology(), what.from, stayed);
    done.signal = reader.signal();
    return done;
}

}  // namespace airy::mq::copies
