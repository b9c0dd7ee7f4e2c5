// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/change.hpp"

#include "mq/embedded/beacon.hpp"
#include "mq/embedded/messages.hpp"
#include "mq/embedded/schema.hpp"

namespace airy::mq::embedded {

Change::Change(Store& store, Catalogue& catalogue)
    : store_(store), catalogue_(catalogue), transaction_(store), now_(store.now()) {
    catalogue_.refresh(db());
}

QueueCounts* Change::counts(std::int64_t id) {
    if (const auto known = queues_.find(id); known != queues_.end())
        return known->second.info ? &known->second : nullptr;
    const auto* info = catalogue_.queue(id);
    auto row = db().query(
        "SELECT next, cursor, ready, bytes, unacked, expiring FROM queue WHERE id = ?1", id);
    if (info == nullptr || !row.next()) return nullptr;
    auto& queue = queues_[id];
    queue.info = info;
    queue.next = row.integer(0);
    queue.cursor = row.integer(1);
    queue.ready = row.integer(2);
    queue.bytes = row.integer(3);
    queue.unacked = row.integer(4);
    queue.expiring = row.integer(5) != 0;
    return &queue;
}

void Change::drop_counts(std::int64_t queue) {
    queues_[queue] = {};
}

void Change::set_due(std::int64_t queue, Due kind, std::optional<std::int64_t> at) {
    const auto number = static_cast<int>(kind);
    if (!at) {
        db().run("DELETE FROM due WHERE queue = ?1 AND kind = ?2", queue, number);
        return;
    }
    const auto first = db().value("SELECT min(at) FROM due");
    if (!first || *at < *first) earlier_due_ = true;
    db().run("REPLACE INTO due (queue, kind, at) VALUES (?1, ?2, ?3)", queue, number, *at);
}

void Change::topology_changed() {
    db().run("UPDATE setting SET value = value + 1 WHERE name = 'topology'");
}

void Change::flush(std::int64_t id, QueueCounts& queue) {
    if (queue.info == nullptr || !queue.touched) return;
    const bool was_expiring = queue.expiring;
    if (queue.ready == 0 && queue.unacked == 0) {
        // An empty queue begins again with position 1, so that positions do not run out.
        queue.next = queue.cursor = 1;
        queue.expiring = false;
    }
    if (was_expiring) {
        const auto head = ready_messages(*this, queue, 1);
        set_due(id, Due::message, head.empty() ? std::nullopt : head[0].expires_at);
    }
    db().run(
        "UPDATE queue SET next = ?2, cursor = ?3, ready = ?4, bytes = ?5, unacked = ?6, "
        "expiring = ?7 WHERE id = ?1",
        id, queue.next, queue.cursor, queue.ready, queue.bytes, queue.unacked, queue.expiring);
    if (queue.gained > 0 && queue.ready > 0) choose_consumers(id, queue.gained);
}

// Chooses one waiting consumer for each message, the longest waiting first. A chosen consumer does
// not count as waiting any more; it registers again when it finds its queue empty.
void Change::choose_consumers(std::int64_t id, std::int64_t messages) {
    std::vector<std::int64_t> chosen;
    {
        auto waiting = db().query(
            "SELECT session, beacon FROM consumer JOIN session ON id = session "
            "WHERE queue = ?1 AND waiting > 0 ORDER BY waiting LIMIT ?2",
            id, messages);
        while (waiting.next()) {
            chosen.push_back(waiting.integer(0));
            wake(waiting.integer(0), waiting.text(1));
        }
    }
    for (const auto session : chosen)
        db().run("UPDATE consumer SET waiting = 0 WHERE session = ?1", session);
}

// The subscription with the lowest session number keeps the time for all.
void Change::wake_timekeeper() {
    auto keeper =
        db().query("SELECT id, beacon FROM session WHERE id = (SELECT min(session) FROM consumer)");
    if (keeper.next()) wake(keeper.integer(0), keeper.text(1));
}

std::vector<std::int64_t> Change::commit() {
    for (auto& [id, queue] : queues_)
        flush(id, queue);
    if (earlier_due_) wake_timekeeper();
    transaction_.commit();
    std::vector<std::int64_t> dead;
    for (const auto& [session, beacon] : wakes_)
        if (!wake_beacon(store_.directory(), beacon)) dead.push_back(session);
    return dead;
}

}  // namespace airy::mq::embedded
