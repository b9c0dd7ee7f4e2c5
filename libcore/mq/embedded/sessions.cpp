// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/sessions.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <utility>

#include "mq/embedded/messages.hpp"
#include "mq/embedded/queue_rows.hpp"
#include "mq/embedded/schema.hpp"
#include "util/uuid.hpp"

namespace airy::mq::embedded {
namespace {

// A queue without a consumer is deleted when it is auto-delete; otherwise its x-expires begins.
void queue_lost_consumer(Change& change, std::int64_t id) {
    const auto* queue = change.catalogue().queue(id);
    if (queue == nullptr) return;
    if (change.db().value("SELECT 1 FROM consumer WHERE queue = ?1", id)) return;
    if (queue->spec.auto_delete)
        delete_queue_rows(change, *queue);
    else if (queue->policy.expires)
        change.set_due(id, Due::queue, change.now() + *queue->policy.expires);
}

// Wakes the queue's first consumer, which may have become the active one.
void wake_active(Change& change, std::int64_t queue) {
    auto first = change.db().query(
        "SELECT session, beacon FROM consumer JOIN session ON id = session WHERE queue = ?1 "
        "ORDER BY session LIMIT 1",
        queue);
    if (first.next()) change.wake(first.integer(0), first.text(1));
}

// In the order of delivery, as far as the file knows it: messages that had come back before were
// delivered before fresh ones.
std::vector<std::int64_t> held_keys(Change& change, std::int64_t session) {
    std::vector<std::int64_t> keys;
    for (const auto& [name, queue] : change.catalogue().queues()) {
        const auto* counts = change.counts(queue.id);
        if (counts == nullptr || counts->unacked == 0) continue;
        // Rows of the fresh lane name no holder, so that only the short lane of messages that came
        // back is searched, and all lanes of a queue with priorities.
        const bool lanes = queue.policy.max_priority || queue.damaged;
        const auto last = lanes ? last_lane : returned_lane;
        auto singles = change.db().query(
            "SELECT id FROM message WHERE id BETWEEN ?1 AND ?2 AND holder = ?3 ORDER BY id",
            first_key(queue.id, returned_lane), last_key(queue.id, last), session);
        while (singles.next())
            keys.push_back(singles.integer(0));
    }
    auto runs = change.db().query(
        "SELECT message.id FROM lease JOIN message ON message.id BETWEEN first AND last "
        "WHERE session = ?1 ORDER BY message.id",
        session);
    while (runs.next())
        keys.push_back(runs.integer(0));
    return keys;
}

}  // namespace

Session begin_session(Change& change) {
    auto name = util::uuid_v4();
    change.db().run("INSERT INTO session (beacon, pid) VALUES (?1, ?2)", name,
                    std::int64_t{::getpid()});
    const auto id = change.db().last_id();
    return {id, std::make_unique<Beacon>(change.store().directory(), name)};
}

bool session_lives(Change& change, std::int64_t session) {
    return change.db().value("SELECT 1 FROM session WHERE id = ?1", session).has_value();
}

void begin_consumer(Change& change, std::int64_t session, std::int64_t queue) {
    change.db().run("INSERT INTO consumer (session, queue, waiting) VALUES (?1, ?2, 0)", session,
                    queue);
    change.set_due(queue, Due::queue, std::nullopt);
    // This session is the last one now, and the first one must begin to watch it.
    auto first = change.db().query(
        "SELECT id, beacon FROM session WHERE id = (SELECT min(session) FROM consumer)");
    if (first.next() && first.integer(0) != session) change.wake(first.integer(0), first.text(1));
}

void end_consumer(Change& change, std::int64_t session) {
    const auto queue = change.db().value("SELECT queue FROM consumer WHERE session = ?1", session);
    if (!queue) return;
    change.db().run("DELETE FROM consumer WHERE session = ?1", session);
    // Wake other consumers for the messages for which this one was woken and that it did not take.
    if (auto* counts = change.counts(*queue)) {
        counts->gained = counts->ready;
        counts->touched = true;
        if (counts->info->policy.single_active) wake_active(change, *queue);
    }
    queue_lost_consumer(change, *queue);
}

void set_waiting(Change& change, std::int64_t session, bool waiting) {
    if (!waiting)
        change.db().run("UPDATE consumer SET waiting = 0 WHERE session = ?1", session);
    else
        change.db().run(
            "UPDATE consumer SET waiting = 1 + (SELECT max(waiting) FROM consumer AS other "
            "WHERE other.queue = consumer.queue) WHERE session = ?1",
            session);
}

void end_session(Change& change, std::int64_t session) {
    for (const auto key : held_keys(change, session)) {
        auto* queue = change.counts(key >> (lane_bits + position_bits));
        auto message = held_message(change, key);
        if (queue != nullptr && message) give_back(change, *queue, *message, Return::left_behind);
    }
    change.db().run("DELETE FROM lease WHERE session = ?1", session);
    end_consumer(change, session);
    std::vector<const QueueInfo*> owned;
    for (const auto& [name, queue] : change.catalogue().queues())
        if (queue.owner == session) owned.push_back(&queue);
    for (const auto* queue : owned)
        delete_queue_rows(change, *queue);
    change.db().run("DELETE FROM session WHERE id = ?1", session);
}

void end_sessions(Store& store, Catalogue& catalogue, std::vector<std::int64_t> dead) {
    while (!dead.empty()) {
        std::vector<std::string> beacons;
        Change change(store, catalogue);
        for (const auto session : std::exchange(dead, {})) {
            {
                auto row = change.db().query("SELECT beacon FROM session WHERE id = ?1", session);
                if (!row.next()) continue;
                beacons.emplace_back(row.text(0));
            }
            end_session(change, session);
        }
        dead = change.commit();
        for (const auto& beacon : beacons)
            remove_beacon(store.directory(), beacon);
    }
}

void end_dead_sessions(Store& store, Catalogue& catalogue) {
    std::vector<std::int64_t> dead;
    {
        auto sessions = store.db().query("SELECT id, beacon FROM session");
        while (sessions.next()) {
            bool alive = false;
            watch_beacon(store.directory(), std::string(sessions.text(1)), alive);
            if (!alive) dead.push_back(sessions.integer(0));
        }
    }
    end_sessions(store, catalogue, std::move(dead));
}

void commit_and_bury(Change& change) {
    auto& store = change.store();
    auto& catalogue = change.catalogue();
    end_sessions(store, catalogue, change.commit());
}

}  // namespace airy::mq::embedded
