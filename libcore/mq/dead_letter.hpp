// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

namespace airy::mq {

// How a message became a dead letter, as far as known.
struct DeadLetterAccount {
    // As in FailureAccount, or the broker's: rejected, expired, maxlen, delivery_limit; `unknown`.
    std::string reason;
    std::string failed_at;  // RFC 3339; empty where it is not known
};

}  // namespace airy::mq
