// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "mq/embedded/change.hpp"
#include "mq/embedded/lease_book.hpp"

namespace airy::mq::embedded {

// Carries out the settlements of the subscription of `session` on its queue, and ends the leases
// that hold no message any more. A settlement of a message that is not in the file does nothing.
void store_settlements(Change& change, QueueCounts& queue, std::int64_t session,
                       const LeaseBook::Settlements& settlements);

}  // namespace airy::mq::embedded
