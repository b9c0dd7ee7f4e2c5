// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include "mq/delivery.hpp"
#include "mq/embedded/messages.hpp"

namespace airy::mq::embedded {

// The stored message as a delivery from `queue`, without a handle. `quorum`: the queue counts
// returns. Throws Error for a message whose properties are damaged.
Delivered delivered_from(StoredMessage stored, const std::string& queue, bool quorum);

}  // namespace airy::mq::embedded
