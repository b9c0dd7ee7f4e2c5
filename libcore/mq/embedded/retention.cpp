// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/retention.hpp"

#include <limits>

namespace airy::mq::embedded {
namespace {

// Of one transaction: it holds others up for some milliseconds.
constexpr std::int64_t most_removed = 1000;
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

void keep_published(Change& change, const IncomingMessage& message) {
    if (message.exchange.empty()) return;
    change.db().run(
        "INSERT INTO published (id, exchange, topic, meta, body) VALUES "
        "(max(?1, 1 + coalesce((SELECT max(id) FROM published), 0)), ?2, ?3, ?4, ?5)",
        change.now() * rows_per_millisecond, message.exchange, message.topic, Blob{message.meta},
        Blob{message.body});
}

void clean_published(Store&) {}

}  // namespace airy::mq::embedded
