// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "mq/embedded/change.hpp"

namespace airy::mq::embedded {

// Dead-letters what has waited for too long at the heads of queues, and deletes queues that were
// without use for too long; a part of it when it is much, so that nobody waits for long.
void run_due(Change& change);

// When there is something to do next, milliseconds since 1970.
std::optional<std::int64_t> next_due(Database& database);

// Does all that is due, in changes of its own.
void catch_up(Store& store, Catalogue& catalogue);

}  // namespace airy::mq::embedded
