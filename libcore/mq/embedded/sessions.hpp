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

// Sessions. A session owns the leases, the consumer and the exclusive queues of one connection, and
// ends with that connection, also when its process is killed.
namespace airy::mq::embedded {

struct Session {
    std::int64_t id = 0;
    std::unique_ptr<Beacon> beacon;  // open as long as the session lives
};

// Writes a new session to the file; the session lives once the change is committed.
Session begin_session(Change& change);

bool session_lives(Change& change, std::int64_t session);

// The session begins or ends taking messages from the queue. The end of the last consumer deletes
// an auto-delete queue.
void begin_consumer(Change& change, std::int64_t session, std::int64_t queue);
void end_consumer(Change& change, std::int64_t session);

// With `waiting`, the consumer has found its queue empty and is to be woken for a new message,
// after the consumers that already wait.
void set_waiting(Change& change, std::int64_t session, bool waiting);

// Gives back all messages that the session holds, deletes its exclusive queues, and removes it.
void end_session(Change& change, std::int64_t session);

// Ends the sessions whose processes have ended, in changes of its own. Cheap when there are none.
void end_dead_sessions(Store& store, Catalogue& catalogue);

// Ends these sessions, which were found dead, in changes of its own.
void end_sessions(Store& store, Catalogue& catalogue, std::vector<std::int64_t> dead);

// Commits the change, and ends the sessions that the commit found dead.
void commit_and_bury(Change& change);

}  // namespace airy::mq::embedded
