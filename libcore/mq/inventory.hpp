// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "util/error.hpp"

namespace airy::mq {

// Messages a second over the broker's last interval.
struct QueueRates {
    double publish = 0;
    double deliver = 0;  // to consumers and by basic.get
    double ack = 0;
    double redeliver = 0;
};

// A queue as its broker tells of it. Absent: not told (RabbitMQ gathers statistics every 5 s, and a
// new queue has none before that).
struct QueueInfo {
    std::string name;
    std::string type;  // quorum, classic, stream
    bool durable = false;
    bool auto_delete = false;
    bool exclusive = false;
    std::string state;   // running, idle, flow, down, minority, crashed…
    std::string policy;  // empty: none
    std::optional<std::uint64_t> ready;
    std::optional<std::uint64_t> unacked;
    std::optional<std::uint64_t> consumers;
    std::optional<std::uint64_t> memory;  // bytes
    std::optional<QueueRates> rates;
    std::optional<std::int64_t> head_timestamp;  // of the oldest message, seconds since 1970
};

struct BindingInfo {
    std::string exchange;  // empty: the default exchange
    std::string destination;
    bool to_queue = true;  // false: the destination is an exchange
    std::string pattern;
};

// Which source told of a queue. RabbitMQ's management API knows all about a queue, but its counts
// may be 5 s old; a passive declare (AMQP 0-9-1, queue.declare) knows ready and consumers as of
// now, and no more. A broker that can tell itself, such as the embedded one, knows all as of now.
enum class QueueSource : std::uint8_t { management, amqp, both, broker };

// `management`, `amqp`, `management+amqp`, `broker`: as in `stats queues --output json`.
std::string_view to_string(QueueSource source) noexcept;

struct QueueReport {
    QueueInfo queue;
    QueueSource source = QueueSource::management;
    // By exchange and pattern, without the one to the default exchange that every queue has.
    // Absent: not asked for, or not told.
    std::optional<std::vector<BindingInfo>> bindings{};
};

struct InventoryQuery {
    std::vector<std::string> queues{};  // by name, in this order; empty: every queue
    bool bindings = false;              // of the queues, too
    // False: the names suffice, so that whatever costs a further question is left out.
    bool counts = true;
};

struct Inventory {
    std::vector<QueueReport> queues;
    std::string degraded{};  // why only a passive declare told of the queues; empty: all told
    std::string without_bindings{};  // why the bindings that were asked for are absent
    std::vector<Error> missing{};    // of the queues named: the error of each that cannot be seen
};

}  // namespace airy::mq
