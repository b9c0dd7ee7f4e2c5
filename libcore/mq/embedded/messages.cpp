// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/messages.hpp"

#include <algorithm>

#include "mq/embedded/dead_letters.hpp"
#include "mq/embedded/schema.hpp"
#include "util/error.hpp"

namespace airy::mq::embedded {
namespace {

// Limits of one transaction that removes messages.
constexpr std::size_t most_removed = 1000;
constexpr std::int64_t most_removed_bytes = 8 << 20;

void append_rows(Query& rows, std::vector<StoredMessage>& out) {
    while (rows.next())
        out.push_back(stored_message(rows));
}

std::int64_t lane_for(const QueueInfo& queue, std::int64_t priority) {
    if (!queue.policy.max_priority) return fresh_lane;
    return lane_of_priority(std::clamp<std::int64_t>(priority, 0, *queue.policy.max_priority));
}

bool too_full(const QueueCounts& queue) {
    const auto& policy = queue.info->policy;
    return (policy.max_length && queue.ready > *policy.max_length) ||
           (policy.max_bytes && queue.bytes > *policy.max_bytes);
}

void drop_beyond_limit(Change& change, QueueCounts& queue) {
    if (queue.info->policy.overflow != Overflow::drop_head) return;
    while (too_full(queue)) {
        const auto head = ready_messages(change, queue, 1);
        if (head.empty()) return;
        remove_head(change, queue, head[0]);
        dead_letter(change, *queue.info, head[0], "maxlen");
    }
}

std::int64_t take_position(QueueCounts& queue) {
    if (queue.next >= position_limit)
        throw Error(ErrorKind::general,
                    "the queue '" + queue.info->spec.name + "' has used up its positions",
                    "let consumers empty the queue; an empty queue has all positions again");
    return queue.next++;
}

}  // namespace

StoredMessage stored_message(const Query& row) {
    StoredMessage message;
    message.key = row.integer(0);
    message.deliveries = row.integer(1);
    message.expires_at = row.optional(2);
    message.exchange = row.text(3);
    message.topic = row.text(4);
    message.meta = row.text(5);
    message.body = row.text(6);
    return message;
}

bool has_room(const QueueCounts& queue, std::size_t body_size) noexcept {
    const auto& policy = queue.info->policy;
    if (policy.overflow == Overflow::drop_head) return true;
    return (!policy.max_length || queue.ready < *policy.max_length) &&
           (!policy.max_bytes ||
            queue.bytes + static_cast<std::int64_t>(body_size) <= *policy.max_bytes);
}

void put_message(Change& change, QueueCounts& queue, const IncomingMessage& message) {
    const auto& policy = queue.info->policy;
    const auto ttl = policy.ttl && message.ttl ? std::min(policy.ttl, message.ttl)
                     : policy.ttl              ? policy.ttl
                                               : message.ttl;
    const auto expires_at = ttl ? std::optional(change.now() + *ttl) : std::nullopt;
    const auto key =
        key_of(queue.info->id, lane_for(*queue.info, message.priority), take_position(queue));
    change.db().run(
        "INSERT INTO message (id, deliveries, expires_at, arrived_at, exchange, topic, meta, body) "
        "VALUES (?1, 0, ?2, ?3, ?4, ?5, ?6, ?7)",
        key, expires_at, change.now(), message.exchange, message.topic, Blob{message.meta},
        Blob{message.body});
    ++queue.ready;
    ++queue.gained;
    queue.bytes += static_cast<std::int64_t>(message.body.size());
    queue.expiring = queue.expiring || expires_at;
    queue.touched = true;
    drop_beyond_limit(change, queue);
}

std::vector<StoredMessage> ready_messages(Change& change, QueueCounts& queue, std::size_t limit) {
    std::vector<StoredMessage> out;
    if (queue.ready == 0) return out;
    const auto id = queue.info->id;
    const bool lanes = queue.info->policy.max_priority.has_value();
    {
        auto rows = change.db().query(
            "SELECT id, deliveries, expires_at, exchange, topic, meta, body FROM message "
            "WHERE id BETWEEN ?1 AND ?2 AND holder IS NULL ORDER BY id LIMIT ?3",
            first_key(id, returned_lane), last_key(id, lanes ? last_lane : returned_lane),
            static_cast<std::int64_t>(limit));
        append_rows(rows, out);
    }
    if (lanes || out.size() >= limit) return out;
    auto rows = change.db().query(
        "SELECT id, deliveries, expires_at, exchange, topic, meta, body FROM message "
        "WHERE id BETWEEN ?1 AND ?2 ORDER BY id LIMIT ?3",
        key_of(id, fresh_lane, queue.cursor), last_key(id, fresh_lane),
        static_cast<std::int64_t>(limit - out.size()));
    append_rows(rows, out);
    return out;
}

namespace {

// Counts the message as no longer ready.
void pass(QueueCounts& queue, std::int64_t key, std::int64_t size) {
    if (lane_of(key) == fresh_lane) queue.cursor = position_of(key) + 1;
    --queue.ready;
    queue.gained = std::min(queue.gained, queue.ready);
    queue.bytes -= size;
    queue.touched = true;
}
void pass(QueueCounts& queue, const StoredMessage& message) {
    pass(queue, message.key, static_cast<std::int64_t>(message.body.size()));
}

struct Head {
    std::int64_t key;
    std::int64_t size;  // of the body, in bytes
};

// Like ready_messages(), without reading the bodies; no more than one transaction may remove.
std::vector<Head> ready_heads(Change& change, QueueCounts& queue, std::size_t limit) {
    std::vector<Head> out;
    std::int64_t bytes = 0;
    const auto add = [&](Query rows) {
        while (out.size() < limit && bytes < most_removed_bytes && rows.next()) {
            out.push_back({rows.integer(0), rows.integer(1)});
            bytes += out.back().size;
        }
    };
    const auto id = queue.info->id;
    const bool lanes = queue.info->policy.max_priority.has_value();
    add(change.db().query(
        "SELECT id, length(body) FROM message WHERE id BETWEEN ?1 AND ?2 AND holder IS NULL "
        "ORDER BY id",
        first_key(id, returned_lane), last_key(id, lanes ? last_lane : returned_lane)));
    if (!lanes)
        add(change.db().query(
            "SELECT id, length(body) FROM message WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
            key_of(id, fresh_lane, queue.cursor), last_key(id, fresh_lane)));
    return out;
}

// Gives the session the keys from `first` to `last` in the fresh lane; none when `first` is 0.
void add_lease(Change& change, std::int64_t session, std::int64_t first, std::int64_t last) {
    if (first != 0)
        change.db().run("INSERT INTO lease (session, first, last) VALUES (?1, ?2, ?3)", session,
                        first, last);
}

}  // namespace

void remove_head(Change& change, QueueCounts& queue, const StoredMessage& head) {
    change.db().run("DELETE FROM message WHERE id = ?1", head.key);
    pass(queue, head);
}

std::size_t remove_ready(Change& change, QueueCounts& queue, std::size_t limit) {
    const auto heads = ready_heads(change, queue, std::min(limit, most_removed));
    for (const auto& head : heads) {
        change.db().run("DELETE FROM message WHERE id = ?1", head.key);
        pass(queue, head.key, head.size);
    }
    return heads.size();
}

std::vector<StoredMessage> lease_messages(Change& change, QueueCounts& queue, std::int64_t session,
                                          std::size_t limit) {
    std::vector<StoredMessage> out;
    auto candidates = ready_messages(change, queue, limit);
    out.reserve(candidates.size());
    std::int64_t first = 0;
    std::int64_t last = 0;
    for (auto& message : candidates) {
        if (message.expires_at && *message.expires_at <= change.now()) {
            remove_head(change, queue, message);
            dead_letter(change, *queue.info, message, "expired");
            continue;
        }
        if (lane_of(message.key) != fresh_lane) {
            change.db().run("UPDATE message SET holder = ?2 WHERE id = ?1", message.key, session);
        } else if (last == 0 || message.key != last + 1) {
            add_lease(change, session, first, last);
            first = message.key;
        }
        if (lane_of(message.key) == fresh_lane) {
            last = message.key;
            message.lease = first;
        }
        pass(queue, message);
        ++queue.unacked;
        out.push_back(std::move(message));
    }
    add_lease(change, session, first, last);
    return out;
}

std::optional<StoredMessage> held_message(Change& change, std::int64_t key) {
    auto row = change.db().query(
        "SELECT id, deliveries, expires_at, exchange, topic, meta, body FROM message "
        "WHERE id = ?1",
        key);
    if (!row.next()) return std::nullopt;
    return stored_message(row);
}

std::int64_t forget_held(Change& change, QueueCounts& queue, std::int64_t first,
                         std::int64_t last) {
    const std::int64_t count =
        change.db().run("DELETE FROM message WHERE id BETWEEN ?1 AND ?2", first, last);
    queue.unacked -= count;
    queue.touched = true;
    return count;
}

void give_back(Change& change, QueueCounts& queue, const StoredMessage& message, Return how) {
    const auto& policy = queue.info->policy;
    const auto deliveries = message.deliveries + 1;
    --queue.unacked;
    queue.touched = true;
    if (policy.delivery_limit && deliveries > *policy.delivery_limit) {
        change.db().run("DELETE FROM message WHERE id = ?1", message.key);
        dead_letter(change, *queue.info, message, "delivery_limit");
        return;
    }
    // A classic queue puts the message back to its place. A quorum queue puts it behind those that
    // came back earlier and before all new ones. But without a delivery limit it sends a requeued
    // message to its end, so that a message that no consumer can handle does not stop the others
    // (rabbit_fifo, `requeue`). When the queue has no position left, the message keeps its own,
    // since giving back must not fail.
    auto key = message.key;
    const bool moves = policy.quorum && queue.next < position_limit;
    if (moves && how == Return::requeued && !policy.delivery_limit)
        key = key_of(queue.info->id, fresh_lane, queue.next++);
    else if (moves)
        key = key_of(queue.info->id, returned_lane, queue.next++);
    else if (lane_of(key) == fresh_lane)
        key = key_of(queue.info->id, returned_lane, position_of(key));
    change.db().run("UPDATE message SET id = ?2, deliveries = ?3, holder = NULL WHERE id = ?1",
                    message.key, key, deliveries);
    ++queue.ready;
    ++queue.gained;
    queue.bytes += static_cast<std::int64_t>(message.body.size());
}

}  // namespace airy::mq::embedded
