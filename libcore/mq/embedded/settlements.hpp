// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "mq/embedded/change.hpp"
#include "mq/embedded/lease_book.hpp"

namespace airy::mq::embedded {

// Carries out what a subscription of `session` has settled on its queue, and ends the leases that
// hold no message any more. A message that is not in the file is passed over.
void store_settlements(Change& change, QueueCounts& queue, std::int64_t session,
                       const LeaseBook::Settlements& settlements);

}  // namespace airy::mq::embedded
