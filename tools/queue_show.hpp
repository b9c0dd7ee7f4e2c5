// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "mq/broker.hpp"

namespace airy::tools {

// `airy queue show`: prints all that the broker tells of one queue, with its bindings and the
// queues for its dead letters and retries. Returns the exit code. Throws as mq::Broker::inventory,
// and Error{queue_not_found}.
int show_queue(mq::Broker& broker, const std::string& name, bool json);

}  // namespace airy::tools
