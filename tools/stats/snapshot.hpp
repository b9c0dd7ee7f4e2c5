// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "inspect/control_client.hpp"
#include "mq/endpoint.hpp"
#include "mq/inventory.hpp"
#include "util/error.hpp"

// The result of one look at the pools and queues, for `stats` and `top`. Any thread.
namespace airy::tools::stats {

struct Snapshot {
    std::vector<inspect::Consumer> consumers;
    std::vector<mq::QueueReport> queues;
    std::vector<std::string> notes;  // missing information, with the reason
    std::vector<Error> missing;      // named queues or consumers that do not exist
    bool bindings = false;           // whether bindings were asked for
    std::string broker;              // its URL, masked; empty: only consumers were looked at
};

// The pools and queues to show.
struct Selection {
    bool pools = true;
    bool queues = true;
    std::vector<std::string> names;  // of queues; with pools alone of consumers; empty: all
    std::string match;      // shell pattern of the names of queues and consumers; empty: all
    bool bindings = false;  // of the queues too
    std::function<void(std::uint64_t, std::uint64_t)> progress{};  // as mq::InventoryQuery
};

// Only the consumers. Throws as inspect::find_consumer for an unknown name.
Snapshot look_at_consumers(const Selection& selection);

// The queues, and the consumers if selected: looks at both at the same time, since each look mostly
// waits. Throws as mq::Broker::inventory.
Snapshot look(const Selection& selection, const mq::Endpoint& broker);

// Adds the selected consumers of `all`.
void add_consumers(const Selection& selection, const std::vector<inspect::Consumer>& all,
                   Snapshot& snapshot);

// Adds the queues; without the management API, `consumers` tell their names. Named queues that do
// not exist go to `missing`. Throws as mq::Broker::inventory.
void add_queues(const Selection& selection, const mq::Endpoint& endpoint,
                const std::function<std::vector<inspect::Consumer>()>& consumers,
                Snapshot& snapshot);

// As tables that fit the terminal where stdout is one.
std::string tables(const Snapshot& snapshot);

// One object in each line, with the current time.
std::string json_lines(const Snapshot& snapshot);

}  // namespace airy::tools::stats
