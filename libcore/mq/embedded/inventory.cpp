// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/inventory.hpp"

#include <algorithm>

#include "mq/embedded/queue_policy.hpp"
#include "mq/embedded/table_fields.hpp"
#include "util/error.hpp"
#include "util/json_writer.hpp"

namespace airy::mq::embedded {
namespace {

std::optional<std::int64_t> delivery_limit_of(const QueueSpec& spec) {
    return policy_of(spec.type, spec.arguments).delivery_limit;
}

// The values that arguments of a queue can have here, as JSON.
std::string json_of(const event::HeaderValue& value) {
    std::string json;
    if (const auto number = integer_of(value))
        util::append_json(json, *number);
    else if (const auto* text = std::get_if<std::string>(&value.value))
        util::append_json(json, std::string_view(*text));
    else if (const auto* flag = std::get_if<bool>(&value.value))
        util::append_json(json, *flag);
    else
        util::append_json(json, nullptr);
    return json;
}

QueueReport report_of(const Contents& contents, const QueueListing& listed, bool bindings) {
    QueueReport report;
    report.source = QueueSource::broker;
    auto& queue = report.queue;
    queue.name = listed.spec.name;
    queue.type = listed.spec.type;
    queue.durable = listed.spec.durable;
    queue.auto_delete = listed.spec.auto_delete;
    queue.exclusive = listed.spec.exclusive;
    queue.state = "running";
    queue.delivery_limit = delivery_limit_of(listed.spec);
    queue.ready = listed.ready;
    queue.unacked = listed.unacked;
    queue.consumers = listed.consumers;
    queue.oldest_at = listed.oldest_at;
    for (const auto& argument : listed.spec.arguments)
        queue.arguments.push_back({argument.first, json_of(argument.second)});
    std::ranges::sort(queue.arguments, {}, &QueueArgument::name);
    if (!bindings) return report;
    report.bindings.emplace();
    for (const auto& binding : contents.bindings)
        if (binding.queue == queue.name)
            report.bindings->push_back({binding.exchange, binding.queue, true, binding.pattern});
    return report;
}

}  // namespace

Inventory take_inventory(EmbeddedTopology& topology, const InventoryQuery& query) {
    const auto contents = topology.contents();
    Inventory inventory;
    if (query.queues.empty())
        for (const auto& listed : contents.queues)
            inventory.queues.push_back(report_of(contents, listed, query.bindings));
    for (const auto& name : query.queues) {
        const auto listed = std::ranges::find(
            contents.queues, name, [](const QueueListing& queue) { return queue.spec.name; });
        if (listed != contents.queues.end()) {
            inventory.queues.push_back(report_of(contents, *listed, query.bindings));
            continue;
        }
        try {
            topology.check_queue(name);  // says in its words that the queue is not there
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::not_found) throw;
            inventory.missing.push_back(error);
        }
    }
    return inventory;
}

}  // namespace airy::mq::embedded
