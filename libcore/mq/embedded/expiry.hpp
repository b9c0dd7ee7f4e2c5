// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "mq/embedded/change.hpp"

namespace airy::mq::embedded {

// Dead-letters expired messages at the heads of queues, and deletes expired queues. Does only a
// part when there is much, so that other processes do not wait long for the file.
void run_due(Change& change);

// When run_due() has work next, in milliseconds since 1970.
std::optional<std::int64_t> next_due(Database& database);

// Does all work that is due, in changes of its own.
void catch_up(Store& store, Catalogue& catalogue);

// Ends dead sessions and does all work that is due. Perhaps no process was there to do it in time.
void catch_up_all(Store& store, Catalogue& catalogue);

// The same before a look, which needs no lock: what cannot be done at once is left to others.
void catch_up_if_free(Store& store, Catalogue& catalogue);

}  // namespace airy::mq::embedded
