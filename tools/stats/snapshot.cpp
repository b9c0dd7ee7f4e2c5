// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "stats/snapshot.hpp"

#include <fnmatch.h>

#include <algorithm>
#include <future>
#include <iterator>
#include <set>

#include "inspect/control_directory.hpp"
#include "mq/broker.hpp"
#include "mq/schemes.hpp"
#include "output/metrics.hpp"
#include "util/clock.hpp"
#include "util/error.hpp"

namespace airy::tools::stats {
namespace {

using inspect::Consumer;

// Only the management API can list RabbitMQ's queues. Without it, the result has at least the
// queues of the consumers on this host.
mq::Inventory take_whole(const Selection& selection, mq::Broker& broker,
                         const std::function<std::vector<Consumer>()>& consumers) {
    try {
        return broker.inventory({.bindings = selection.bindings,
                                 .match = selection.match,
                                 .progress = selection.progress});
    } catch (const Error& error) {
        std::set<std::string> names;
        for (const auto& consumer : consumers())
            if (consumer.status) names.insert(consumer.status->queue);
        if (error.kind() != ErrorKind::unreachable || names.empty()) throw;
        auto inventory = broker.inventory(
            {.queues = {names.begin(), names.end()}, .bindings = selection.bindings});
        inventory.missing.clear();  // the user has not named them
        inventory.degraded = error.what();
        inventory.degraded += "; shown are the queues of the consumers on this host";
        return inventory;
    }
}

// By its name or its queue.
bool matches(const std::string& pattern, const Consumer& consumer) {
    if (pattern.empty()) return true;
    const auto fits = [&pattern](const std::string& name) {
        return ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
    };
    return fits(consumer.name) || (consumer.status && fits(consumer.status->queue));
}

// The unknown facts about the queues, and the reason; empty: all is known.
std::string note_of(const mq::Inventory& inventory, bool bindings) {
    const bool declared = !inventory.degraded.empty();
    if (!declared && inventory.without_bindings.empty()) return {};
    return (declared ? inventory.degraded + "; ready and consumers are from a passive declare"
                     : inventory.without_bindings) +
           (bindings ? "; nobody else can tell the bindings" : "");
}

}  // namespace

Snapshot look_at_consumers(const Selection& selection) {
    Snapshot snapshot;
    add_consumers(selection, inspect::list_consumers(), snapshot);
    return snapshot;
}

Snapshot look(const Selection& selection, const mq::Endpoint& broker) {
    const auto consumers =
        std::async(std::launch::async, [] { return inspect::list_consumers(); }).share();
    Snapshot queues;
    add_queues(
        selection, broker, [&consumers] { return consumers.get(); }, queues);
    Snapshot snapshot;
    if (selection.pools) add_consumers(selection, consumers.get(), snapshot);
    std::ranges::move(queues.notes, std::back_inserter(snapshot.notes));
    queues.notes = std::move(snapshot.notes);
    queues.consumers = std::move(snapshot.consumers);
    return queues;
}

void add_consumers(const Selection& selection, const std::vector<Consumer>& all,
                   Snapshot& snapshot) {
    for (const auto& consumer : all) {
        const auto named = [&consumer](const std::string& name) {
            return inspect::is_named(consumer, name) || std::to_string(consumer.pid) == name ||
                   consumer.path == name || (consumer.status && consumer.status->queue == name);
        };
        const bool wanted = selection.names.empty() || std::ranges::any_of(selection.names, named);
        if (wanted && matches(selection.match, consumer)) snapshot.consumers.push_back(consumer);
    }
    // With queues, the names are queue names, and a queue need not have a consumer here.
    if (!selection.queues)
        for (const auto& name : selection.names)
            if (std::ranges::none_of(all, [&name](const Consumer& consumer) {
                    return consumer.status && consumer.status->queue == name;
                }))
                static_cast<void>(inspect::find_consumer(all, name));
    if (!snapshot.consumers.empty()) return;
    if (selection.match.empty() || all.empty())
        snapshot.notes.emplace_back(inspect::none_seen);
    else
        snapshot.notes.push_back("no consumer matches " + selection.match);
}

void add_queues(const Selection& selection, const mq::Endpoint& endpoint,
                const std::function<std::vector<Consumer>()>& consumers, Snapshot& snapshot) {
    const auto broker = mq::connect(endpoint);
    auto inventory =
        selection.names.empty()
            ? take_whole(selection, *broker, consumers)
            : broker->inventory({.queues = selection.names, .bindings = selection.bindings});
    snapshot.missing = std::move(inventory.missing);
    snapshot.broker = mq::masked_url(endpoint.url);

    const auto& match = selection.match;
    if (!match.empty())
        std::erase_if(inventory.queues, [&match](const mq::QueueReport& report) {
            return ::fnmatch(match.c_str(), report.queue.name.c_str(), 0) != 0;
        });
    snapshot.bindings = selection.bindings;
    if (auto note = note_of(inventory, selection.bindings); !note.empty())
        snapshot.notes.push_back(std::move(note));
    snapshot.queues = std::move(inventory.queues);
    if (snapshot.queues.empty() && snapshot.missing.empty())
        snapshot.notes.push_back(match.empty() ? "there are no queues"
                                               : "no queue matches " + match);
}

std::string tables(const Snapshot& snapshot) {
    std::string out = output::pool_table(snapshot.consumers);
    if (const auto lines = output::trouble_lines(snapshot.consumers, snapshot.queues);
        !lines.empty())
        out += '\n' + lines;
    if (!out.empty() && !snapshot.queues.empty()) out += '\n';
    out += output::queue_table(snapshot.queues);
    if (snapshot.bindings && !snapshot.queues.empty())
        out += '\n' + output::binding_table(snapshot.queues);
    return out;
}

std::string json_lines(const Snapshot& snapshot) {
    std::string out;
    const auto now = util::system_clock().now();
    for (const auto& consumer : snapshot.consumers)
        out += output::pool_json(consumer, now, snapshot.queues);
    for (const auto& report : snapshot.queues)
        out += output::queue_json(report, now, snapshot.bindings, snapshot.broker);
    return out;
}

}  // namespace airy::tools::stats
