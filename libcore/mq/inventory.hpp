// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "util/clock.hpp"
#include "util/error.hpp"

namespace airy::mq {

// Messages a second over the broker's last interval.
struct QueueRates {
    double publish = 0;
    double deliver = 0;  // to consumers and by basic.get
    double ack = 0;
    double redeliver = 0;
};

// An argument of a queue's declaration (`x-max-length`), or a key of the policy that governs the
// queue (`max-length`).
struct QueueArgument {
    std::string name;
    std::string value;  // as JSON
};

// A queue as its broker reports it. Absent: not reported (RabbitMQ gathers statistics every 5 s,
// and a new queue has none before that).
struct QueueInfo {
    std::string name;
    std::string type;  // quorum, classic, stream
    bool durable = false;
    bool auto_delete = false;
    bool exclusive = false;
    std::string state;   // running, idle, flow, down, minority, crashed…
    std::string policy;  // empty: none
    // How often a message may come back, as an argument or a policy sets it; negative: no limit.
    std::optional<std::int64_t> delivery_limit;
    std::optional<std::uint64_t> ready;
    std::optional<std::uint64_t> unacked;
    std::optional<std::uint64_t> consumers;
    std::optional<std::uint64_t> memory;  // bytes
    std::optional<QueueRates> rates;
    // Of the message at the head, as its publisher wrote it; seconds since 1970 by the protocol.
    std::optional<std::int64_t> head_timestamp;
    // When the oldest ready message came into the queue, by the broker; milliseconds since 1970.
    std::optional<std::int64_t> oldest_at;
    std::vector<QueueArgument> arguments{};    // sorted by name
    std::vector<QueueArgument> policy_keys{};  // likewise, of the policy
};

// The age of the oldest ready message; none in an empty queue is 0 old. Nullopt: the broker does
// not tell it, or the publisher's timestamp is no time of the past. Many publishers write
// milliseconds, which as seconds are thousands of years ahead, so that these are recognised.
std::optional<std::chrono::milliseconds> oldest_age(const QueueInfo& queue, util::SystemTime now);

// The least of the limits that the queue's arguments and its policy set: `what` is `max-length`
// (messages) or `max-length-bytes`. nullopt: no limit, or not reported.
std::optional<std::uint64_t> limit_of(const QueueInfo& queue, std::string_view what);

struct BindingInfo {
    std::string exchange;  // empty: the default exchange
    std::string destination;
    bool to_queue = true;  // false: the destination is an exchange
    std::string pattern;
};

// The source of a report. RabbitMQ's management API knows all figures of a queue, but its counts
// may be 5 s old; a passive declare (AMQP 0-9-1, queue.declare) knows only ready and consumers, as
// of now. A broker that reports itself, such as the embedded one, knows all as of now.
enum class QueueSource : std::uint8_t { management, amqp, both, broker };

// `management`, `amqp`, `management+amqp`, `broker`: as in `stats queues --output json`.
std::string_view to_string(QueueSource source) noexcept;

struct QueueReport {
    QueueInfo queue;
    QueueSource source = QueueSource::management;
    // Sorted by exchange and pattern, without each queue's binding to the default exchange. Absent:
    // not asked for, or not reported.
    std::optional<std::vector<BindingInfo>> bindings{};
};

struct InventoryQuery {
    std::vector<std::string> queues{};  // names, in the report's order; empty: every queue
    bool bindings = false;              // of the queues, too
    // False: the names suffice; figures that need further requests are left out.
    bool counts = true;
    // A shell pattern (fnmatch(3)); queues whose names do not match it may be left out, so that the
    // broker need not send them. Empty: all.
    std::string match{};
    // Called while a long list comes in parts, with the queues so far and in all. May be empty.
    std::function<void(std::uint64_t, std::uint64_t)> progress{};
};

struct Inventory {
    std::vector<QueueReport> queues;
    std::string degraded{};          // why only passive declares answered; empty: all sources did
    std::string without_bindings{};  // why the bindings that were asked for are absent
    std::vector<Error> missing{};    // one for each named queue that cannot be seen
};

}  // namespace airy::mq
