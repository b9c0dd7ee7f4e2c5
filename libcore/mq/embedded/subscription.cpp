// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/subscription.hpp"

#include <fmt/core.h>
#include <poll.h>

#include <algorithm>
#include <utility>

#include "mq/embedded/delivered.hpp"
#include "mq/embedded/errors.hpp"
#include "mq/embedded/expiry.hpp"
#include "mq/embedded/queue_rows.hpp"
#include "mq/embedded/retention.hpp"
#include "mq/embedded/room.hpp"
#include "mq/embedded/settlements.hpp"
#include "mq/steps.hpp"
#include "util/log.hpp"
#include "util/text.hpp"
#include "util/uuid.hpp"

namespace airy::mq::embedded {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// A settlement waits this long for others; the contract of Subscription allows 20 ms.
constexpr milliseconds settle_patience{5};
constexpr milliseconds subscription_deadline{500};
constexpr milliseconds end_patience{500};
// Messages of one transaction: other processes get their turn within milliseconds.
constexpr std::size_t most_leased = 500;
// A subscription that no wake-up reached looks at its queue after this time.
constexpr milliseconds tick{1000};
// A subscription that left messages to the queue's other consumers looks again after this time.
constexpr milliseconds leave_to_others{2};
constexpr milliseconds full_disk_pause{200};

std::atomic<std::uint64_t> parts{0};

}  // namespace

EmbeddedSubscription::EmbeddedSubscription(const Location& location,
                                           const SubscribeOptions& options)
    : queue_(options.queue),
      book_(++parts, options.prefetch, options.settle_at_once ? milliseconds(0) : settle_patience),
      store_(location) {
    catch_up_all(store_, catalogue_);
    subscribe(options);
    watch_.emplace(store_, session_.id);
    store_.opened();
    service_.start([this] { serve(); });
}

EmbeddedSubscription::~EmbeddedSubscription() {
    close(subscription_deadline);
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
        queue_id_ =
            whole_queue(change.catalogue(), "consume from the queue", queue_, std::nullopt).id;
    queue_birth_ = change.db().value("SELECT birth FROM queue WHERE id = ?1", queue_id_).value();
    begin_consumer(change, session_.id, queue_id_);
    commit_and_bury(change);
    log_consuming(queue_, options.prefetch);
}

// Makes a queue that only this session uses, bound to the patterns. Returns its id.
std::int64_t EmbeddedSubscription::make_own_queue(Change& change, const SubscribeOptions& options) {
    QueueSpec spec;
    spec.name = queue_ = "amq.gen-" + util::uuid_v4();
    spec.durable = false;
    spec.exclusive = true;
    spec.auto_delete = true;
    const auto id = create_queue_rows(change, normalized(spec), session_.id);
    for (const auto& pattern : options.patterns)
        add_binding_row(
            change, id,
            existing_exchange(change.catalogue(), "bind to the exchange", options.exchange.name).id,
            pattern);
    return id;
}

void EmbeddedSubscription::set_prefetch(std::uint16_t most) {
    inbox_.put(Prefetch{most});
}

void EmbeddedSubscription::settle(DeliveryHandle delivery, Disposition disposition) {
    ++asked_;
    inbox_.put(Settle{delivery, disposition});
}

std::uint64_t EmbeddedSubscription::count() {
    const auto question = ++last_question_;
    inbox_.put(Count{question});
    return question;
}

void EmbeddedSubscription::stop() {
    inbox_.put(Stop{});
}

bool EmbeddedSubscription::close(milliseconds deadline) noexcept {
    // Without a settlement to store, only the end of the session is left, which others can do.
    if (asked_ == settled_.load()) deadline = std::min(deadline, end_patience);
    service_.end(deadline, store_, [this] { inbox_.put(WakeUp{}); });
    return flushed_.load();
}

void EmbeddedSubscription::serve() {
    try {
        serve_until_closed();
        finish();
    } catch (const Error&) {
        outbox_.put_all(events_);
        outbox_.put(Lost{std::current_exception()});
        // Another session finds this one dead and gives back its messages.
        session_.beacon.reset();
    }
}

void EmbeddedSubscription::serve_until_closed() {
    while (true) {
        try {
            if (has_work())
                work();
            else
                wait();
        } catch (const DiskFull& full) {
            // The pending settlements are tried again: they make room on the disk.
            util::log_warn(full.what());
            look_ = true;
            registered_ = false;
            pollfd closing{inbox_.fd(), POLLIN, 0};
            ::poll(&closing, 1, static_cast<int>(full_disk_pause.count()));
        }
        // In this order: settlements come before the close, so that these are all of them.
        const bool closing = service_.closing();
        take_commands();
        if (closing) return;
    }
}

// Stores the last settlements and ends the session, which gives back its unsettled messages.
void EmbeddedSubscription::finish() {
    std::vector<std::int64_t> dead;
    while (true) {
        try {
            Change change(store_, catalogue_);
            if (auto* queue = my_queue(change))
                store_settlements(change, *queue, session_.id, book_.pending());
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

// Waits until there may be work: a command, a wake-up, the death of the watched session, or a time
// that has come.
void EmbeddedSubscription::wait() {
    const auto now = steady_clock::now();
    auto until = std::min({now + tick, watch_->due_at(), book_.due_at()});
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

// Looks, without a write transaction, for ready messages of which no wake-up has told, and for the
// end of the queue.
void EmbeddedSubscription::look_after_tick() {
    store_.check_in_place();
    if (watch_->is_first()) give_back_part(store_, Keep::for_new_messages);
    const auto ready = store_.db().value("SELECT ready FROM queue WHERE id = ?1 AND birth = ?2",
                                         queue_id_, queue_birth_);
    if (!ready || *ready > 0) look_ = true;
}

void EmbeddedSubscription::take_commands() {
    for (const auto& command : inbox_.take())
        carry_out(command);
}

void EmbeddedSubscription::carry_out(const Command& command) {
    if (const auto* settle = std::get_if<Settle>(&command)) {
        book_.settle(settle->delivery, settle->disposition, steady_clock::now());
        ++heard_;
    } else if (const auto* prefetch = std::get_if<Prefetch>(&command)) {
        book_.set_prefetch(prefetch->most);
        look_ = true;
    } else if (const auto* count = std::get_if<Count>(&command)) {
        questions_.push_back(count->question);
        look_ = true;
    } else if (std::holds_alternative<Stop>(command)) {
        stopped_ = true;
        look_ = true;
    }
}

std::size_t EmbeddedSubscription::room() const noexcept {
    return stopped_ || queue_gone_ ? 0 : book_.room();
}

bool EmbeddedSubscription::has_work() const {
    const auto now = steady_clock::now();
    if (watch_->due_at() <= now || book_.due(now) || !questions_.empty()) return true;
    return look_ && !queue_gone_ && (room() > 0 || stopped_);
}

// Null when the queue was deleted. Throws Error{unreachable} when other processes have ended this
// session.
QueueCounts* EmbeddedSubscription::my_queue(Change& change) {
    if (!session_lives(change, session_.id))
        throw Error(
            ErrorKind::unreachable,
            fmt::format(
                "cannot go on consuming from '{}': another process took this session for dead",
                util::printable(queue_)),
            "was the directory beside the broker's file removed?");
    auto* queue = change.counts(queue_id_);
    return queue != nullptr && queue->info->birth == queue_birth_ ? queue : nullptr;
}

void EmbeddedSubscription::work() {
    std::vector<StoredMessage> taken;
    bool quorum = false;
    bool gone = false;
    std::int64_t ready = 0;
    std::vector<std::int64_t> dead;
    {
        Change change(store_, catalogue_);
        if (watch_->due_at() <= steady_clock::now()) run_due(change);
        auto* queue = my_queue(change);
        gone = queue == nullptr;
        if (queue != nullptr) {
            quorum = queue->info->policy.quorum;
            store_settlements(change, *queue, session_.id, book_.pending());
            if (stopped_)
                end_consumer(change, session_.id);
            else
                taken = take_share(change, *queue);
            ready = queue->ready;
        }
        dead = change.commit();
    }
    // Not before the commit: a change that fails is done again.
    book_.stored();
    settled_.store(heard_);
    for (auto& stored : taken)
        deliver(std::move(stored), quorum);
    for (const auto question : std::exchange(questions_, {}))
        if (!gone) events_.push_back(Counted{question, static_cast<std::uint64_t>(ready)});
    if (gone && !std::exchange(queue_gone_, true) && !stopped_)
        events_.push_back(Cancelled{
            fmt::format("the broker ended the subscription to '{}': was the queue deleted?",
                        util::printable(queue_))});
    if (stopped_) look_ = false;
    outbox_.put_all(events_);
    end_sessions(store_, catalogue_, std::move(dead));
    refresh_watch();
    store_.checkpoint_if_long();
}

// Whether the queue gives messages to this consumer. Of a queue with a single active consumer, that
// is the one that began first; the end of it wakes the next.
bool EmbeddedSubscription::may_take(Change& change, const QueueCounts& queue) const {
    return !queue.info->policy.single_active ||
           change.db().value("SELECT min(session) FROM consumer WHERE queue = ?1", queue_id_) ==
               session_.id;
}

// The number of ready messages that this consumer may take: an equal part for each consumer of the
// queue.
std::size_t EmbeddedSubscription::share(Change& change, const QueueCounts& queue) const {
    if (queue.info->policy.single_active) return static_cast<std::size_t>(queue.ready);
    const auto consumers =
        change.db().value("SELECT count(*) FROM consumer WHERE queue = ?1", queue_id_).value_or(1);
    const auto part = (queue.ready + consumers - 1) / std::max<std::int64_t>(consumers, 1);
    return static_cast<std::size_t>(part);
}

std::vector<StoredMessage> EmbeddedSubscription::take_share(Change& change, QueueCounts& queue) {
    if (!may_take(change, queue)) {
        look_ = false;
        return {};
    }
    const auto space = room();
    const auto wanted = std::min(space, most_leased);
    const auto limit = queue.ready == 0 ? 0 : std::min(wanted, share(change, queue));
    auto taken = lease_messages(change, queue, session_.id, limit);
    const bool room_left = taken.size() < space;
    look_ = room_left && queue.ready > 0 && limit == wanted;
    left_some_ = room_left && queue.ready > 0 && limit < wanted;
    const bool wait = room_left && queue.ready == 0;
    // The process that was to wake this consumer may have died before it did.
    if (wait && registered_)
        registered_ = change.db().value("SELECT waiting > 0 FROM consumer WHERE session = ?1",
                                        session_.id) == 1;
    if (wait != registered_) set_waiting(change, session_.id, wait);
    registered_ = wait;
    return taken;
}

// Hands the message over. A damaged one is set aside instead, and the messages behind it go on:
// without its properties, a consumer could take it for another message.
void EmbeddedSubscription::deliver(StoredMessage stored, bool quorum) {
    const auto handle = book_.take(stored.key, stored.lease);
    try {
        auto delivered = delivered_from(std::move(stored), queue_, quorum);
        delivered.handle = handle;
        events_.push_back(std::move(delivered));
    } catch (const Error&) {
        util::log_warn(
            "a message is damaged; it goes to the dead-letter queue, or stays in the file",
            {{"queue", queue_}});
        book_.set_aside(handle, steady_clock::now());
    }
}

}  // namespace airy::mq::embedded
