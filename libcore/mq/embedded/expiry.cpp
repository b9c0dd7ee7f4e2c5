// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/expiry.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "mq/embedded/dead_letters.hpp"
#include "mq/embedded/errors.hpp"
#include "mq/embedded/messages.hpp"
#include "mq/embedded/queue_rows.hpp"
#include "mq/embedded/sessions.hpp"

namespace airy::mq::embedded {
namespace {

constexpr std::size_t most_expired = 500;  // in one change: a few milliseconds
constexpr std::int64_t most_queues = 50;
constexpr std::chrono::milliseconds look_patience{100};

// Only at the head: an expired message behind one that has not expired waits with it, as in
// RabbitMQ. Returns how many expired.
std::size_t expire_head(Change& change, QueueCounts& queue, std::size_t limit) {
    std::size_t count = 0;
    std::size_t part = 1;  // mostly few messages have expired, and reading the others takes time
    for (bool expired = true; expired && count < limit; part = std::min(2 * part, limit - count)) {
        const auto heads = ready_messages(change, queue, part);
        expired = heads.size() == part;
        for (const auto& message : heads) {
            if (!message.expires_at || *message.expires_at > change.now()) {
                expired = false;
                break;
            }
            remove_head(change, queue, message);
            dead_letter(change, *queue.info, message, "expired");
            ++count;
        }
    }
    queue.touched = true;
    return count;
}

}  // namespace

void run_due(Change& change) {
    std::vector<std::pair<std::int64_t, Due>> items;
    {
        auto rows =
            change.db().query("SELECT queue, kind FROM due WHERE at <= ?1 ORDER BY at LIMIT ?2",
                              change.now(), most_queues);
        while (rows.next())
            items.emplace_back(rows.integer(0), static_cast<Due>(rows.integer(1)));
    }
    std::size_t budget = most_expired;
    bool removed = false;
    for (const auto& [id, kind] : items) {
        if (kind == Due::remains) {
            // One part is as much as one change may do; the other deleted queues wait.
            if (std::exchange(removed, true))
                change.set_due(id, kind, change.now() + remains_pause);
            else
                remove_remains(change, id);
            continue;
        }
        auto* queue = change.counts(id);
        if (queue == nullptr) change.set_due(id, kind, std::nullopt);  // its queue was deleted
        if (queue == nullptr || budget == 0) continue;
        if (kind == Due::message)
            budget -= expire_head(change, *queue, budget);
        else if (kind == Due::letters)
            retry_letters(change, *queue);
        else
            delete_queue_rows(change, *queue->info);
    }
}

std::optional<std::int64_t> next_due(Database& database) {
    return database.value("SELECT min(at) FROM due");
}

void catch_up(Store& store, Catalogue& catalogue) {
    while (true) {
        const auto due = next_due(store.db());
        if (!due || *due > store.now()) return;
        Change change(store, catalogue);
        run_due(change);
        commit_and_bury(change);
    }
}

void catch_up_all(Store& store, Catalogue& catalogue) {
    end_dead_sessions(store, catalogue);
    catch_up(store, catalogue);
}

void catch_up_if_free(Store& store, Catalogue& catalogue) {
    const Store::Patience brief(store, look_patience);
    try {
        catch_up_all(store, catalogue);
    } catch (const Locked&) {
    } catch (const DiskFull&) {
    }
}

}  // namespace airy::mq::embedded
