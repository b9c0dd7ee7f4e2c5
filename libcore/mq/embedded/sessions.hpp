// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "mq/embedded/beacon.hpp"
#include "mq/embedded/change.hpp"

// Sessions: what belongs to one connection and ends with it, however that ends.
namespace airy::mq::embedded {

struct Session {
    std::int64_t id = 0;
    std::unique_ptr<Beacon> beacon;  // held open as long as the session lives
};

// Makes the session known; it lives when the change is committed.
Session begin_session(Change& change);

bool session_lives(Change& change, std::int64_t session);

// The session takes messages from the queue. With `end_consumer`, a queue that was to be deleted
// with its last consumer is.
void begin_consumer(Change& change, std::int64_t session, std::int64_t queue);
void end_consumer(Change& change, std::int64_t session);

// The consumer found nothing more and wants to be woken, after those who wait already; or not.
void set_waiting(Change& change, std::int64_t session, bool waiting);

// Everything that the session held goes back, its exclusive queues are deleted, and it is gone.
void end_session(Change& change, std::int64_t session);

// Ends the sessions whose processes are gone, in changes of its own. Cheap when there are none.
void end_dead_sessions(Store& store, Catalogue& catalogue);

// Likewise, for sessions that somebody found dead.
void end_sessions(Store& store, Catalogue& catalogue, std::vector<std::int64_t> dead);

// Commits, and ends the sessions that turned out to be dead thereby.
void commit_and_bury(Change& change);

}  // namespace airy::mq::embedded
