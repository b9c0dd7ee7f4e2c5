// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "mq/embedded/catalogue.hpp"
#include "mq/embedded/store.hpp"

namespace airy::mq::embedded {

// The counts of one queue within a change, which writes them back at its end.
struct QueueCounts {
    const QueueInfo* info = nullptr;
    std::int64_t next = 1;    // position of the next message
    std::int64_t cursor = 1;  // first position of the fresh lane that was not delivered yet
    std::int64_t ready = 0;
    std::int64_t bytes = 0;  // of the bodies of ready messages
    std::int64_t unacked = 0;
    bool expiring = false;    // some messages have an expiration
    bool touched = false;     // one of the counts above has changed
    std::int64_t gained = 0;  // ready messages for which no consumer was woken yet
};

// Why a queue needs work at a certain time. The file holds these numbers.
enum class Due : std::uint8_t {
    message = 0,  // the message at the queue's head expires
    queue = 1,    // the unused queue expires
    letters = 2,  // the queue tries again to forward dead letters that no queue took
    remains = 3,  // messages of a deleted queue are left
};

// One write transaction on the broker. At its end it writes the counts back and chooses waiting
// consumers for the new messages; after the commit it wakes them. One thread, short-lived; the
// catalogue's entries stay valid for its life.
class Change {
  public:
    Change(Store& store, Catalogue& catalogue);

    Store& store() noexcept { return store_; }
    Database& db() noexcept { return store_.db(); }
    Catalogue& catalogue() noexcept { return catalogue_; }
    std::int64_t now() const noexcept { return now_; }

    // Null when the queue does not exist any more.
    QueueCounts* counts(std::int64_t queue);
    // Keeps the counts of a deleted queue from being written back.
    void drop_counts(std::int64_t queue);

    // `at`: milliseconds since 1970; nullopt removes the entry.
    void set_due(std::int64_t queue, Due kind, std::optional<std::int64_t> at);

    // Makes every connection read the catalogue again with its next change.
    void topology_changed();

    void wake(std::int64_t session, std::string_view beacon) { wakes_[session] = beacon; }

    // Returns the sessions that commit() tried to wake and found dead.
    std::vector<std::int64_t> commit();

  private:
    void flush(std::int64_t id, QueueCounts& queue);
    void choose_consumers(std::int64_t id, std::int64_t messages);
    void wake_timekeeper();

    Store& store_;
    Catalogue& catalogue_;
    Transaction transaction_;
    const std::int64_t now_;
    std::map<std::int64_t, QueueCounts> queues_;  // by id; addresses stay
    std::map<std::int64_t, std::string> wakes_;   // beacons by session
    bool earlier_due_ = false;
};

}  // namespace airy::mq::embedded
