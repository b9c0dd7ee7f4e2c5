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

// One queue within a change: what is counted of it, written back at the end.
struct QueueCounts {
    const QueueInfo* info = nullptr;
    std::int64_t next = 1;    // position of the next message
    std::int64_t cursor = 1;  // in the lane of new messages, what is below has been delivered
    std::int64_t ready = 0;
    std::int64_t bytes = 0;  // of the bodies that are ready
    std::int64_t unacked = 0;
    bool expiring = false;    // some of its messages have an end
    bool touched = false;     // set by who changes one of the above
    std::int64_t gained = 0;  // ready messages that no consumer has been told of
};

// What is to be done to a queue when its time has come.
enum class Due : std::uint8_t {
    message = 0,  // the one at its head has expired
    queue = 1,    // it was without use for too long
    letters = 2,  // dead letters that no queue took are to be tried again
};

// One write transaction on the broker. At its end it writes the counts back, chooses the waiting
// consumers that new messages are for, and wakes them once it is committed. One thread,
// short-lived; the catalogue's entries stay valid for its life.
class Change {
  public:
    Change(Store& store, Catalogue& catalogue);

    Store& store() noexcept { return store_; }
    Database& db() noexcept { return store_.db(); }
    Catalogue& catalogue() noexcept { return catalogue_; }
    std::int64_t now() const noexcept { return now_; }

    // Null when the queue is gone.
    QueueCounts* counts(std::int64_t queue);
    // The queue is deleted: its counts are not written back.
    void drop_counts(std::int64_t queue);

    // Absent: there is nothing to be done.
    void set_due(std::int64_t queue, Due kind, std::optional<std::int64_t> at);

    // Every connection reads the catalogue anew with its next change.
    void topology_changed();

    void wake(std::int64_t session, std::string_view beacon) { wakes_[session] = beacon; }

    // Returns the sessions that turned out to be dead when they were to be woken.
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
