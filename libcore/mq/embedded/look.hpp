// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "mq/delivery.hpp"
#include "mq/embedded/catalogue.hpp"
#include "mq/embedded/location.hpp"
#include "mq/transfer.hpp"
#include "util/signals.hpp"

// Looks at the messages of a queue that take none of them, mark none, and need no lock.
namespace airy::mq::embedded {

// Contract: Broker::look_into. The messages are read in parts. One that a consumer takes or puts
// back meanwhile may be left out, or be seen twice.
Look look_into(const Location& location, const std::string& queue, std::uint64_t limit,
               const std::function<bool(const Delivered&)>& see, util::SignalFd& signals);

// When the oldest message at the head of one of the queue's lanes came, in milliseconds since 1970.
// Nullopt: no message is ready, or an airy that noted no times stored it. Within a transaction.
std::optional<std::int64_t> oldest_arrival(Database& database, const QueueInfo& queue);

}  // namespace airy::mq::embedded
