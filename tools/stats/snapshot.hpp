// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "inspect/control_client.hpp"
#include "mq/endpoint.hpp"
#include "mq/inventory.hpp"
#include "util/error.hpp"

// What one look at the pools and queues shows, for `stats` and `top`. Any thread.
namespace airy::tools::stats {

struct Snapshot {
    std::vector<inspect::Consumer> consumers;
    std::vector<mq::QueueReport> queues;
    std::vector<std::string> notes;  // what is not known, and why
    std::vector<Error> missing;      // what was named and is not there
    bool bindings = false;           // of the queues were asked for
};

// What is asked for.
struct Selection {
    bool pools = true;
    bool queues = true;
    std::vector<std::string> names;  // of queues; with pools alone of consumers; empty: all
    std::string match;               // shell pattern of queue names; empty: all
    bool bindings = false;           // of the queues too
};

// The consumers alone. Throws as inspect::find_consumer for a name that nobody has.
Snapshot look_at_consumers(const Selection& selection);

// The queues, and the consumers where they are asked for: both are asked at once, since each waits
// for others more than it works. Throws as mq::Broker::inventory.
Snapshot look(const Selection& selection, const mq::Endpoint& broker);

// Adds those of `all` that are asked for.
void add_consumers(const Selection& selection, const std::vector<inspect::Consumer>& all,
                   Snapshot& snapshot);

// Adds the queues; `consumers` tell which there are where the management API does not. Of those
// named, what is not there goes to `missing`. Throws as mq::Broker::inventory.
void add_queues(const Selection& selection, const mq::Endpoint& endpoint,
                const std::function<std::vector<inspect::Consumer>()>& consumers,
                Snapshot& snapshot);

// As tables, fit for the terminal where stdout is one.
std::string tables(const Snapshot& snapshot);

// One object a line, with the time that it is now.
std::string json_lines(const Snapshot& snapshot);

}  // namespace airy::tools::stats
