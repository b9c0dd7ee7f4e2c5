// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/subscription.hpp"

#include <fmt/core.h>
#include <poll.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "mq/embedded/codec.hpp"
#include "mq/embedded/dead_letters.hpp"
#include "mq/embedded/errors.hpp"
#include "mq/embedded/expiry.hpp"
#include "mq/embedded/queue_rows.hpp"
#include "mq/embedded/retention.hpp"
#include "mq/embedded/schema.hpp"
#include "mq/embedded/table_fields.hpp"
#include "mq/steps.hpp"
#include "util/log.hpp"
#include "util/text.hpp"
#include "util/uuid.hpp"

namespace airy::mq::embedded {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// Settlements wait for company this long; the contract of Subscription allows 20 ms.
constexpr milliseconds settle_patience{5};
constexpr milliseconds destructor_deadline{500};
// Messages of one transaction, so that others get their turn within milliseconds.
constexpr std::size_t most_messages = 500;
// What was missed, for whatever reason, is found out after this.
constexpr milliseconds tick{1000};
// What was left to the other consumers of the queue is looked at again after this.
constexpr milliseconds leave_to_others{2};
constexpr milliseconds full_disk_pause{200};

std::atomic<std::uint64_t> generations{0};

}  // namespace

EmbeddedSubscription::EmbeddedSubscription(const Location& location,
                                           const SubscribeOptions& options)
    : generation_(++generations),
      settle_at_once_(options.settle_at_once),
      queue_(options.queue),
      prefetch_(options.prefetch),
      store_(location) {
    end_dead_sessions(store_, catalogue_);
    catch_up(store_, catalogue_);
    subscribe(options);
    watch_.emplace(store_, session_.id);
    service_.start([this] { serve(); });
}

EmbeddedSubscription::~EmbeddedSubscription() {
    close(destructor_deadline);
}

void EmbeddedSubscription::subscribe(const SubscribeOptions& options) {
    if (queue_.empty()) {
        Change change(store_, catalogue_);
        set_retention(change);
        use_exchange(change, options.exchange.name, options.exchange.declare);
        commit_and_bury(change);
    }
    Change change(store_, catalogue_);
    set_retention(change);
    session_ = begin_session(change);
    if (queue_.empty())
        queue_id_ = make_own_queue(change, options);
    else
        queue_id_ = whole_queue(change, "consume from the queue", queue_, std::nullopt).id;
    queue_birth_ = change.db().value("SELECT birth FROM queue WHERE id = ?1", queue_id_).value();
    begin_consumer(change, session_.id, queue_id_);
    commit_and_bury(change);
    log_consuming(queue_, options.prefetch);
}

// The queue that only this session uses, bound to the patterns.
std::int64_t EmbeddedSubscription::make_own_queue(Change& change, const SubscribeOptions& options) {
    QueueSpec spec;
    spec.name = queue_ = "amq.gen-" + util::uuid_v4();
    spec.durable = false;
    spec.exclusive = true;
    spec.auto_delete = true;
    const auto id = create_queue_rows(change, normalized(spec), session_.id);
    for (const auto& pattern : options.patterns)
        add_binding_row(change, id,
                        existing_exchange(change, "bind to the exchange", options.exchange.name).id,
                        pattern);
    return id;
}

void EmbeddedSubscription::set_prefetch(std::uint16_t most) {
    inbox_.put({.prefetch = most});
}

void EmbeddedSubscription::settle(DeliveryHandle delivery, Disposition disposition) {
    if (delivery.part == generation_) inbox_.put({delivery.number, disposition, false});
}

void EmbeddedSubscription::stop() {
    inbox_.put({0, Disposition::ack, true});
}

bool EmbeddedSubscription::close(milliseconds deadline) noexcept {
    service_.end(deadline, store_, [this] { inbox_.put({}); });
    return flushed_.load();
}

void EmbeddedSubscription::serve() {
    try {
        serve_until_closed();
        finish();
    } catch (const Error&) {
        outbox_.put_all(events_);
        outbox_.put(Lost{std::current_exception()});
        session_.beacon.reset();  // what is held goes back: nobody reads this session's beacon
    }
}

void EmbeddedSubscription::serve_until_closed() {
    while (true) {
        try {
            if (work_to_do())
                work();
            else
                wait();
        } catch (const DiskFull& full) {
            // What is settled is tried again: it makes room.
            util::log_warn(full.what());
            look_ = true;
            registered_ = false;
            pollfd closing{inbox_.fd(), POLLIN, 0};
            ::poll(&closing, 1, static_cast<int>(full_disk_pause.count()));
        }
        take_commands();
        if (service_.closing()) return;
    }
}

// Stores the last settlements and ends the session; what is unsettled goes back.
void EmbeddedSubscription::finish() {
    std::vector<std::int64_t> dead;
    while (true) {
        try {
            Change change(store_, catalogue_);
            if (auto* queue = my_queue(change)) settle_pending(change, *queue);
            end_session(change, session_.id);
            dead = change.commit();
            break;
        } catch (const DiskFull&) {
            if (steady_clock::now() + full_disk_pause > service_.close_deadline()) throw;
            std::this_thread::sleep_for(full_disk_pause);
        }
    }
    session_.beacon.reset();
    flushed_.store(true);
    end_sessions(store_, catalogue_, std::move(dead));
    store_.checkpoint_if_long();
}

// Until there may be work: settlements, a wake-up, the death of the watched session, the clock.
void EmbeddedSubscription::wait() {
    const auto now = steady_clock::now();
    auto until = std::min(now + tick, watch_->due_at());
    if (!pending_.empty()) until = std::min(until, first_pending_ + settle_patience);
    if (left_some_) until = std::min(until, now + leave_to_others);
    const auto timeout = std::max(std::chrono::ceil<milliseconds>(until - now), milliseconds(0));
    pollfd waiting[] = {
        {inbox_.fd(), POLLIN, 0}, {session_.beacon->fd(), POLLIN, 0}, {watch_->fd(), 0, 0}};
    const int ready = ::poll(waiting, 3, static_cast<int>(timeout.count()));
    if (waiting[1].revents != 0) {
        session_.beacon->clear();
        registered_ = false;
        look_ = true;
    }
    const auto later = steady_clock::now();
    const bool roll_call = watch_->is_first() && later >= roll_call_at_;
    if (roll_call) roll_call_at_ = later + tick;
    if (waiting[2].revents != 0 || roll_call) end_dead_sessions(store_, catalogue_);
    if (left_some_ && ready == 0) look_ = true;
    left_some_ = false;
    if (ready == 0 && timeout >= tick) look_after_tick();
    if (ready != 1 || waiting[0].revents == 0) refresh_watch();
}

void EmbeddedSubscription::refresh_watch() {
    while (!watch_->refresh())
        end_dead_sessions(store_, catalogue_);
}

// Reads only: whether something waits that nobody has told of, or nobody ever will.
void EmbeddedSubscription::look_after_tick() {
    store_.check_in_place();
    const auto ready = store_.db().value("SELECT ready FROM queue WHERE id = ?1 AND birth = ?2",
                                         queue_id_, queue_birth_);
    if (!ready || *ready > 0) look_ = true;
}

void EmbeddedSubscription::take_commands() {
    for (const auto& command : inbox_.take()) {
        if (command.prefetch) {
            prefetch_ = *command.prefetch;
            look_ = true;
        }
        if (command.stop) {
            stopped_ = true;
            look_ = true;
        }
        const auto held = held_.find(command.tag);
        if (held == held_.end() || std::exchange(held->second.settled, true)) continue;
        if (pending_.empty()) first_pending_ = steady_clock::now();
        pending_.push_back(command);
    }
}

std::size_t EmbeddedSubscription::room() const noexcept {
    if (stopped_ || gone_) return 0;
    if (prefetch_ == 0) return std::numeric_limits<std::size_t>::max();
    const auto open = held_.size() - pending_.size();
    return open < prefetch_ ? prefetch_ - open : 0;
}

bool EmbeddedSubscription::work_to_do() {
    const auto now = steady_clock::now();
    if (watch_->due_at() <= now) return true;
    const auto enough = settle_at_once_  ? std::size_t{1}
                        : prefetch_ == 0 ? std::size_t{256}
                                         : std::max<std::size_t>(1, prefetch_ / 4);
    if (!pending_.empty() && (pending_.size() >= enough || now >= first_pending_ + settle_patience))
        return true;
    return look_ && !gone_ && (room() > 0 || stopped_);
}

QueueCounts* EmbeddedSubscription::my_queue(Change& change) {
    if (!session_lives(change, session_.id))
        throw Error(ErrorKind::unreachable,
                    fmt::format("cannot go on consuming from '{}': this session was taken for dead",
                                util::printable(queue_)),
                    "was the directory beside the broker's file removed?");
    auto* queue = change.counts(queue_id_);
    return queue != nullptr && queue->info->birth == queue_birth_ ? queue : nullptr;
}

void EmbeddedSubscription::work() {
    std::vector<StoredMessage> taken;
    bool quorum = false;
    bool gone = false;
    std::vector<std::int64_t> dead;
    {
        Change change(store_, catalogue_);
        if (watch_->due_at() <= steady_clock::now()) run_due(change);
        auto* queue = my_queue(change);
        gone = queue == nullptr;
        if (queue != nullptr) {
            quorum = queue->info->policy.quorum;
            settle_pending(change, *queue);
            if (stopped_)
                end_consumer(change, session_.id);
            else
                taken = take_share(change, *queue);
        }
        dead = change.commit();
    }
    // Only now: until then all of it might have to be done again.
    forget_settled();
    last_key_ = 0;
    for (auto& stored : taken)
        add_delivery(std::move(stored), quorum);
    if (gone && !std::exchange(gone_, true) && !stopped_)
        events_.push_back(Cancelled{
            fmt::format("the broker ended the subscription to '{}': was the queue deleted?",
                        util::printable(queue_))});
    if (stopped_) look_ = false;
    outbox_.put_all(events_);
    end_sessions(store_, catalogue_, std::move(dead));
    refresh_watch();
    store_.checkpoint_if_long();
}

void EmbeddedSubscription::settle_pending(Change& change, QueueCounts& queue) {
    std::vector<std::int64_t> handled;
    std::set<std::int64_t> leases;
    for (const auto& command : pending_) {
        const auto key = held_.at(command.tag).key;
        if (const auto after = leases_.upper_bound(key);
            after != leases_.begin() && lane_of(key) == fresh_lane)
            leases.insert(*std::prev(after));
        if (command.disposition == Disposition::ack) {
            handled.push_back(key);
            continue;
        }
        const auto message = held_message(change, key);
        if (!message) continue;
        if (command.disposition == Disposition::requeue) {
            give_back(change, queue, *message, Return::requeued);
        } else {
            forget_held(change, queue, key, key);
            if (command.damaged)
                set_aside(change, *queue.info, *message);
            else
                dead_letter(change, *queue.info, *message, "rejected");
        }
    }
    forget_runs(change, queue, std::move(handled));
    ended_.clear();
    for (const auto first : leases)
        if (change.db().run("DELETE FROM lease WHERE session = ?1 AND first = ?2 AND NOT EXISTS "
                            "(SELECT 1 FROM message WHERE id BETWEEN first AND last)",
                            session_.id, first) > 0)
            ended_.push_back(first);
}

// Neighbours are removed at once, which is much cheaper.
void EmbeddedSubscription::forget_runs(Change& change, QueueCounts& queue,
                                       std::vector<std::int64_t> keys) {
    std::ranges::sort(keys);
    for (std::size_t i = 0; i < keys.size();) {
        std::size_t end = i + 1;
        while (end < keys.size() && keys[end] == keys[end - 1] + 1)
            ++end;
        forget_held(change, queue, keys[i], keys[end - 1]);
        i = end;
    }
}

void EmbeddedSubscription::forget_settled() {
    for (const auto& command : pending_)
        held_.erase(command.tag);
    pending_.clear();
    for (const auto first : ended_)
        leases_.erase(first);
    ended_.clear();
}

// With others on the queue, only a fair part of it.
std::size_t EmbeddedSubscription::share(Change& change, const QueueCounts& queue) const {
    const auto consumers =
        change.db().value("SELECT count(*) FROM consumer WHERE queue = ?1", queue_id_).value_or(1);
    const auto part = (queue.ready + consumers - 1) / std::max<std::int64_t>(consumers, 1);
    return static_cast<std::size_t>(part);
}

std::vector<StoredMessage> EmbeddedSubscription::take_share(Change& change, QueueCounts& queue) {
    const auto space = room();
    const auto wanted = std::min(space, most_messages);
    const auto limit = queue.ready == 0 ? 0 : std::min(wanted, share(change, queue));
    auto taken = lease_messages(change, queue, session_.id, limit);
    const bool room_left = taken.size() < space;
    look_ = room_left && queue.ready > 0 && limit == wanted;
    left_some_ = room_left && queue.ready > 0 && limit < wanted;
    const bool wait = room_left && queue.ready == 0;
    // Who was to wake this one may have died in between.
    if (wait && registered_)
        registered_ = change.db().value("SELECT waiting > 0 FROM consumer WHERE session = ?1",
                                        session_.id) == 1;
    if (wait != registered_) set_waiting(change, session_.id, wait);
    registered_ = wait;
    return taken;
}

void EmbeddedSubscription::add_delivery(StoredMessage stored, bool quorum) {
    const auto tag = ++last_tag_;
    held_.emplace(tag, Held{stored.key, false});
    // The leases are the runs of neighbours, as lease_messages() has made them.
    if (lane_of(stored.key) == fresh_lane && stored.key != last_key_ + 1)
        leases_.insert(stored.key);
    if (lane_of(stored.key) == fresh_lane) last_key_ = stored.key;

    Delivered delivered;
    try {
        read_meta(stored.meta, delivered.message);
    } catch (const Error&) {
        withhold(tag);
        return;
    }
    delivered.message.exchange = std::move(stored.exchange);
    delivered.message.topic = std::move(stored.topic);
    delivered.message.body = std::move(stored.body);
    if (quorum && stored.deliveries > 0) {
        set_field(delivered.message.headers, "x-delivery-count", {stored.deliveries});
        delivered.message.has_headers = true;
    }
    delivered.queue = queue_;
    delivered.redelivered = stored.deliveries > 0;
    delivered.returns = static_cast<unsigned>(quorum ? stored.deliveries : stored.deliveries > 0);
    delivered.received_at = util::system_clock().now();
    delivered.handle = {generation_, tag};
    events_.push_back(std::move(delivered));
}

// A message without what its publisher said of it could be taken for another one: it is set aside,
// as if somebody had settled it, and those behind it go on.
void EmbeddedSubscription::withhold(std::uint64_t tag) {
    util::log_warn("a message is damaged; it goes to the dead-letter queue, or stays in the file",
                   {{"queue", queue_}});
    held_.at(tag).settled = true;
    if (pending_.empty()) first_pending_ = steady_clock::now();
    pending_.push_back({tag, Disposition::reject, false, true});
}

}  // namespace airy::mq::embedded
