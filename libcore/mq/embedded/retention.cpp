// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/retention.hpp"

#include <limits>

namespace airy::mq::embedded {
namespace {

// Limits of one transaction, so that other processes wait only some milliseconds for it.
constexpr std::int64_t most_forgotten = 1000;
constexpr std::int64_t most_forgotten_bytes = 8 << 20;
// Rows are numbered by the time at which they were published, in microseconds or later.
constexpr std::int64_t rows_per_millisecond = 1000;

Retention retention_of(Database& database) {
    Retention out;
    const auto age = database.value("SELECT value FROM setting WHERE name = 'retain_ms'");
    const auto bytes = database.value("SELECT value FROM setting WHERE name = 'retain_bytes'");
    if (age.value_or(0) > 0) out.age = std::chrono::milliseconds(*age);
    if (bytes.value_or(0) > 0) out.bytes = static_cast<std::uint64_t>(*bytes);
    return out;
}

std::int64_t clamped(std::uint64_t value) {
    constexpr auto most = std::numeric_limits<std::int64_t>::max();
    return value > static_cast<std::uint64_t>(most) ? most : static_cast<std::int64_t>(value);
}

}  // namespace

bool has_wanted_retention(Store& store) {
    const auto& wanted = store.location().retain;
    return !wanted || *wanted == retention_of(store.db());
}

void set_retention(Change& change) {
    const auto& wanted = change.store().location().retain;
    if (!wanted || *wanted == retention_of(change.db())) return;
    change.db().run("UPDATE setting SET value = ?1 WHERE name = 'retain_ms'",
                    std::int64_t{wanted->age.value_or(std::chrono::milliseconds(0)).count()});
    change.db().run("UPDATE setting SET value = ?1 WHERE name = 'retain_bytes'",
                    clamped(wanted->bytes.value_or(0)));
}

bool retains(Database& database) {
    return retention_of(database) != Retention{};
}

std::int64_t keep_published(Change& change, const IncomingMessage& message) {
    if (message.exchange.empty()) return 0;
    change.db().run(
        "INSERT INTO published (id, exchange, topic, meta, body) VALUES "
        "(max(?1, 1 + coalesce((SELECT max(id) FROM published), 0)), ?2, ?3, ?4, ?5)",
        change.now() * rows_per_millisecond, message.exchange, message.topic, Blob{message.meta},
        Blob{message.body});
    return static_cast<std::int64_t>(message.meta.size() + message.body.size());
}

void add_published_bytes(Change& change, std::int64_t bytes) {
    if (bytes != 0)
        change.db().run("UPDATE setting SET value = value + ?1 WHERE name = 'published_bytes'",
                        bytes);
}

namespace {

// The oldest rows that exceed the retention, as many as one change removes: the last of them, and
// the bytes of all.
struct Surplus {
    std::int64_t last = 0;
    std::int64_t bytes = 0;
};

Surplus find_surplus(Database& database, const Retention& retention, std::int64_t now) {
    Surplus out;
    const auto too_old =
        retention.age ? (now - retention.age->count()) * rows_per_millisecond : std::int64_t{0};
    auto too_many = retention.bytes
                        ? database.value("SELECT value FROM setting WHERE name = 'published_bytes'")
                                  .value_or(0) -
                              clamped(*retention.bytes)
                        : std::int64_t{0};
    auto rows =
        database.query("SELECT id, length(meta) + length(body) FROM published ORDER BY id LIMIT ?1",
                       most_forgotten);
    while (rows.next() && (rows.integer(0) < too_old || too_many > 0)) {
        out.last = rows.integer(0);
        out.bytes += rows.integer(1);
        too_many -= rows.integer(1);
        if (out.bytes > most_forgotten_bytes) break;
    }
    return out;
}

}  // namespace

void clean_published(Store& store, Catalogue& catalogue) {
    const auto retention = retention_of(store.db());
    if (find_surplus(store.db(), retention, store.now()).last == 0) return;
    Change change(store, catalogue);
    const auto surplus = find_surplus(change.db(), retention, change.now());
    change.db().run("DELETE FROM published WHERE id <= ?1", surplus.last);
    add_published_bytes(change, -surplus.bytes);
    change.commit();
}

}  // namespace airy::mq::embedded
