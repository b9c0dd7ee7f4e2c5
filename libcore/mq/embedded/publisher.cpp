// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/publisher.hpp"

#include <fmt/core.h>
#include <poll.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "event/limits.hpp"
#include "mq/embedded/codec.hpp"
#include "mq/embedded/dead_letters.hpp"
#include "mq/embedded/errors.hpp"
#include "mq/embedded/expiry.hpp"
#include "mq/embedded/messages.hpp"
#include "mq/embedded/queue_rows.hpp"
#include "mq/embedded/retention.hpp"
#include "mq/embedded/sessions.hpp"
#include "util/error.hpp"
#include "util/log.hpp"

namespace airy::mq::embedded {
namespace {

constexpr std::size_t waiting_limit = 64 << 20;  // bytes of bodies that wait to be stored
// Limits of one transaction, so that consumers get their turn within milliseconds.
constexpr std::size_t most_published = 500;
constexpr std::size_t most_bytes = 4 << 20;
constexpr std::chrono::milliseconds publisher_deadline{500};
constexpr int no_route = 312;  // AMQP 0-9-1 section 1.1

// Refuses a message that could not be read back from the file, while the publisher can still be
// told.
void check(const event::Message& message) {
    event::expiration_of(message.properties);
    if (event::is_too_deep(message.headers))
        throw Error(ErrorKind::invalid_event,
                    fmt::format("headers are nested more than {} deep", event::header_depth_limit));
}

bool is_persistent(const event::Message& message) noexcept {
    return message.properties.delivery_mode == 2;
}

}  // namespace

EmbeddedPublisher::EmbeddedPublisher(const Location& location, const PublisherOptions& options)
    : options_(options), store_(location) {
    {
        Change change(store_, catalogue_);
        set_retention(change);
        use_exchange(change, options_.exchange.name, options_.exchange.declare);
        change.commit();
    }
    store_.opened();
    service_.start([this] { serve(); });
}

EmbeddedPublisher::~EmbeddedPublisher() {
    close(publisher_deadline);
}

std::uint64_t EmbeddedPublisher::try_submit(event::Message& message) {
    if (lost_.load() || in_flight_.load() >= options_.window) return 0;
    if (waiting_bytes_.load() > waiting_limit) return 0;
    check(message);
    waiting_bytes_.fetch_add(message.body.size());
    in_flight_.fetch_add(1);
    inbox_.put(std::move(message));
    return ++submitted_;
}

std::vector<PublisherEvent> EmbeddedPublisher::take() {
    std::vector<std::vector<event::Message>> spent;
    {
        const std::lock_guard lock(spent_mutex_);
        spent.swap(spent_);
    }
    return outbox_.take();
}

void EmbeddedPublisher::close(std::chrono::milliseconds deadline) noexcept {
    service_.end(deadline, store_, [this] { inbox_.put({}); });
}

void EmbeddedPublisher::serve() {
    try {
        serve_until_closed();
    } catch (const Error&) {
        lost_.store(true);
        hand_over();
        outbox_.put(Lost{std::current_exception()});
    }
}

void EmbeddedPublisher::serve_until_closed() {
    while (true) {
        pollfd waiting{inbox_.fd(), POLLIN, 0};
        ::poll(&waiting, 1, -1);
        if (service_.closing()) return;
        auto messages = inbox_.take();
        std::span<const event::Message> rest(messages);
        while (!rest.empty() && !service_.closing()) {
            std::size_t count = 0;
            std::size_t bytes = 0;
            while (count < rest.size() && count < most_published && bytes < most_bytes)
                bytes += rest[count++].body.size();
            publish_all(rest.first(count));
            rest = rest.subspan(count);
            waiting_bytes_.fetch_sub(bytes);
            if (rest.empty()) {  // before hand_over() wakes the caller, which takes them
                const std::lock_guard lock(spent_mutex_);
                spent_.push_back(std::move(messages));
            }
            hand_over();
        }
        store_.checkpoint_if_long();
        try {
            if (keeps_published_) clean_published(store_, catalogue_);
        } catch (const DiskFull& full) {  // the next messages try it again
            if (!std::exchange(full_, true)) util::log_warn(full.what());
        }
    }
}

// Adds one outcome to `events_` for each message.
void EmbeddedPublisher::publish_all(std::span<const event::Message> messages) {
    try {
        store_all(messages);
        full_ = false;
    } catch (const DiskFull& full) {
        if (!std::exchange(full_, true)) util::log_warn(full.what());
        events_.clear();
        for (std::size_t i = 0; i < messages.size(); ++i)
            events_.emplace_back(refused(messages[i], written_ + i + 1));
    }
    written_ += messages.size();
}

void EmbeddedPublisher::store_all(std::span<const event::Message> messages) {
    catch_up(store_, catalogue_);
    std::vector<PublisherEvent> outcomes;  // they hold once the change is committed and flushed
    std::vector<std::int64_t> dead;
    {
        Change change(store_, catalogue_);
        keeps_published_ = retains(change.db());
        kept_bytes_ = 0;
        for (std::size_t i = 0; i < messages.size(); ++i)
            outcomes.push_back(store_one(change, messages[i], written_ + i + 1));
        add_published_bytes(change, std::exchange(kept_bytes_, 0));
        dead = change.commit();
    }
    if (options_.confirm && store_.location().sync == Sync::full &&
        std::ranges::any_of(messages, is_persistent))
        store_.sync();
    events_ = std::move(outcomes);
    try {
        end_sessions(store_, catalogue_, std::move(dead));
    } catch (const Error& error) {  // these messages are stored; other processes end the sessions
        util::log_warn(error.what());
    }
}

Refused EmbeddedPublisher::refused(const event::Message& message, std::uint64_t sequence) const {
    return {sequence, {}, options_.give_back ? std::make_shared<event::Message>(message) : nullptr};
}

PublisherEvent EmbeddedPublisher::store_one(Change& change, const event::Message& message,
                                            std::uint64_t sequence) {
    const auto* queues = change.catalogue().route(message.exchange, message.topic);
    if (queues == nullptr)
        existing_exchange(change.catalogue(), "publish to the exchange", message.exchange);
    if (queues->empty() && options_.mandatory) return Unroutable{sequence, no_route, "NO_ROUTE"};
    meta_.clear();
    append_meta(meta_, message);
    IncomingMessage incoming{message.exchange, message.topic, meta_, message.body};
    incoming.ttl = event::expiration_of(message.properties);
    incoming.priority = message.properties.priority.value_or(0);
    bool is_refused = false;
    for (const auto* info : *queues) {
        auto* queue = change.counts(info->id);
        if (queue == nullptr) continue;
        if (has_room(*queue, message.body.size())) {
            put_message(change, *queue, incoming);
        } else {
            is_refused = true;
            reject_incoming(change, *info, incoming);
        }
    }
    if (is_refused) return refused(message, sequence);
    if (keeps_published_) kept_bytes_ += keep_published(change, incoming);
    return Confirmed{sequence};
}

// Gives the outcomes to the caller's thread.
void EmbeddedPublisher::hand_over() {
    in_flight_.fetch_sub(events_.size());
    outbox_.put_all(events_);
}

}  // namespace airy::mq::embedded
