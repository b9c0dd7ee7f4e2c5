// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/queue_rows.hpp"

#include <fmt/core.h>

#include "mq/embedded/codec.hpp"
#include "mq/embedded/schema.hpp"
#include "util/error.hpp"
#include "util/text.hpp"
#include "util/uuid.hpp"

namespace airy::mq::embedded {
namespace {

constexpr std::size_t name_limit =
    255;  // bytes, as in AMQP, so that every queue can move to RabbitMQ

void check_new_name(std::string_view kind, std::string_view name) {
    if (name.size() > name_limit)
        throw Error(ErrorKind::usage,
                    fmt::format("the name of the {} is {} bytes long; at most {} are allowed", kind,
                                name.size(), name_limit));
}

std::int64_t free_queue_id(Database& database) {
    const auto id = database
                        .value(
                            "SELECT coalesce((SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM queue "
                            "WHERE id = 1)), (SELECT min(id) + 1 FROM queue AS q WHERE NOT "
                            "EXISTS (SELECT 1 FROM queue WHERE id = q.id + 1)))")
                        .value_or(1);
    if (id >= queue_limit) throw Error(ErrorKind::general, "there are too many queues");
    return id;
}

// Limits of one part.
constexpr std::int64_t most_purged = 1000;
constexpr std::int64_t most_purged_bytes = 8 << 20;
}  // namespace

const QueueInfo& existing_queue(const Catalogue& catalogue, std::string_view action,
                                const std::string& name) {
    const auto* queue = catalogue.queue(name);
    if (queue == nullptr)
        throw Error(Reason::queue_not_found,
                    fmt::format("cannot {} '{}': there is no queue of this name", action,
                                util::printable(name)));
    return *queue;
}

const QueueInfo& open_queue(const Catalogue& catalogue, std::string_view action,
                            const std::string& name, std::optional<std::int64_t> session) {
    const auto& queue = existing_queue(catalogue, action, name);
    if (queue.owner && queue.owner != session) {
        // "cannot find" would be wrong: the queue was found.
        if (action == "find the queue") action = "use the queue";
        throw Error(Reason::resource_locked,
                    fmt::format("cannot {} '{}': another connection has it for itself alone",
                                action, util::printable(name)),
                    "the queue is deleted when the process that made it ends");
    }
    return queue;
}

const QueueInfo& whole_queue(const Catalogue& catalogue, std::string_view action,
                             const std::string& name, std::optional<std::int64_t> session) {
    const auto& queue = open_queue(catalogue, action, name, session);
    if (queue.damaged)
        throw Error(Reason::queue_damaged,
                    fmt::format("cannot {} '{}': its arguments in the broker's file are damaged",
                                action, util::printable(name)));
    return queue;
}

const ExchangeInfo& existing_exchange(const Catalogue& catalogue, std::string_view action,
                                      const std::string& name) {
    const auto* exchange = catalogue.exchange(name);
    if (exchange == nullptr)
        throw Error(Reason::exchange_not_found,
                    fmt::format("cannot {} '{}': there is no exchange of this name", action,
                                util::printable(name)))
            .about(util::printable(name));
    return *exchange;
}

std::int64_t create_queue_rows(Change& change, const QueueSpec& spec,
                               std::optional<std::int64_t> owner) {
    check_new_name("queue", spec.name);
    auto& db = change.db();
    const auto id = free_queue_id(db);
    db.run("UPDATE setting SET value = value + 1 WHERE name = 'births'");
    const auto arguments = encode_table(spec.arguments);
    db.run(
        "INSERT INTO queue (id, birth, name, type, durable, auto_delete, owner, arguments) "
        "VALUES (?1, (SELECT value FROM setting WHERE name = 'births'), ?2, ?3, ?4, ?5, ?6, ?7)",
        id, spec.name, spec.type, spec.durable, spec.auto_delete, owner, Blob{arguments});
    const auto policy = policy_of(spec.type, spec.arguments);
    if (policy.expires) change.set_due(id, Due::queue, change.now() + *policy.expires);
    change.topology_changed();
    return id;
}

void add_binding_row(Change& change, std::int64_t queue, std::int64_t exchange,
                     std::string_view pattern) {
    check_new_name("pattern", pattern);
    change.db().run("INSERT OR IGNORE INTO binding (exchange, pattern, queue) VALUES (?1, ?2, ?3)",
                    exchange, pattern, queue);
    change.topology_changed();
}

std::int64_t delete_queue_rows(Change& change, const QueueInfo& queue) {
    const auto* counts = change.counts(queue.id);
    const auto ready = counts ? counts->ready : 0;
    auto& db = change.db();
    {
        auto consumers = db.query(
            "SELECT session, beacon FROM consumer JOIN session ON id = session WHERE queue = ?1",
            queue.id);
        while (consumers.next())
            change.wake(consumers.integer(0), consumers.text(1));
    }
    const auto first = first_key(queue.id, 0);
    const auto last = last_key(queue.id, last_lane);
    db.run("DELETE FROM lease WHERE first BETWEEN ?1 AND ?2", first, last);
    db.run("DELETE FROM consumer WHERE queue = ?1", queue.id);
    db.run("DELETE FROM binding WHERE queue = ?1", queue.id);
    db.run("DELETE FROM due WHERE queue = ?1", queue.id);
    // The row keeps the id of the messages from being used again until they are gone. An airy that
    // does not know this type takes the row for a queue, and deletes it when it is due.
    const auto name = "amq.deleted-" + util::uuid_v4();
    const auto none = encode_table({});
    db.run(
        "UPDATE queue SET name = ?2, type = 'deleted', owner = NULL, arguments = ?3, ready = 0, "
        "bytes = 0, unacked = 0, expiring = 0 WHERE id = ?1",
        queue.id, name, Blob{none});
    remove_remains(change, queue.id);
    change.drop_counts(queue.id);
    change.topology_changed();
    return ready;
}

bool remove_remains(Change& change, std::int64_t queue) {
    auto& db = change.db();
    // Another process may have done the work, and the id may be another queue's by now.
    if (!db.value("SELECT 1 FROM queue WHERE id = ?1 AND type = 'deleted'", queue)) return false;
    const auto first = first_key(queue, 0);
    auto last = first - 1;
    std::int64_t count = 0;
    {
        auto rows =
            db.query("SELECT id, length(body) FROM message WHERE id BETWEEN ?1 AND ?2 ORDER BY id",
                     first, last_key(queue, last_lane));
        for (std::int64_t bytes = 0; count < most_purged && bytes < most_purged_bytes; ++count) {
            if (!rows.next()) break;
            last = rows.integer(0);
            bytes += rows.integer(1);
        }
    }
    db.run("DELETE FROM message WHERE id BETWEEN ?1 AND ?2", first, last);
    const auto left = db.value("SELECT id FROM message WHERE id BETWEEN ?1 AND ?2 LIMIT 1", first,
                               last_key(queue, last_lane));
    if (left) {
        change.set_due(queue, Due::remains, change.now() + remains_pause);
        return true;
    }
    db.run("DELETE FROM queue WHERE id = ?1", queue);
    change.set_due(queue, Due::remains, std::nullopt);
    return false;
}

bool has_exchange(const Catalogue& catalogue, const ExchangeSpec& spec) {
    const auto* is = catalogue.exchange(spec.name);
    if (is == nullptr) return false;
    if (is->type == spec.type && is->durable == spec.durable) return true;
    const auto difference =
        is->type != spec.type
            ? fmt::format("type is {}, not {}", is->type, util::printable(spec.type))
            : fmt::format("durable is {}, not {}", is->durable, spec.durable);
    throw Error(Reason::exchange_differs,
                fmt::format("cannot declare the exchange '{}': it is there already, and its {}",
                            util::printable(spec.name), difference),
                "it exists with other properties: use those, or another name");
}

void declare_exchange_row(Change& change, const ExchangeSpec& spec) {
    if (has_exchange(change.catalogue(), spec)) return;
    if (spec.type != "topic" && spec.type != "direct" && spec.type != "fanout")
        throw Error(Reason::unsupported,
                    fmt::format("the embedded broker has no exchanges of the type '{}'",
                                util::printable(spec.type)),
                    "use topic, direct or fanout");
    check_new_name("exchange", spec.name);
    change.db().run("INSERT INTO exchange (name, type, durable) VALUES (?1, ?2, ?3)", spec.name,
                    spec.type, spec.durable);
    change.topology_changed();
}

void use_exchange(Change& change, const std::string& name, bool declare) {
    if (name.empty()) return;  // the default exchange is always there
    if (declare)
        declare_exchange_row(change, {name, "topic", true});
    else
        existing_exchange(change.catalogue(), "find the exchange", name);
}

}  // namespace airy::mq::embedded
