// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/inventory.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <tuple>

#include "util/error.hpp"

namespace airy::mq::amqp {
namespace {

// The management API's view of one queue. After one call without an answer the API is not asked
// again: each call could take the whole deadline. `denied` gets its word that there is no such
// queue.
std::optional<QueueInfo> ask_management(const Management& management, const std::string& name,
                                        std::string& degraded, std::string& denied) {
    if (!degraded.empty()) return std::nullopt;
    try {
        return management.queue(name);
    } catch (const Error& error) {
        (error.kind() == ErrorKind::unreachable ? degraded : denied) = error.what();
        return std::nullopt;
    }
}

}  // namespace

Inventory take_inventory(const Management& management, const InventoryQuery& query) {
    const auto name_of = [](const QueueReport& report) -> const std::string& {
        return report.queue.name;
    };
    Inventory inventory;
    for (auto& queue : management.queues(query))
        inventory.queues.push_back({std::move(queue), QueueSource::management});
    std::ranges::sort(inventory.queues, {}, name_of);
    const auto twice = std::ranges::unique(inventory.queues, {}, name_of);
    inventory.queues.erase(twice.begin(), twice.end());
    return inventory;
}

void complete_counts(Inventory& inventory, Broker& broker) {
    std::unique_ptr<Topology> topology;
    for (auto& report : inventory.queues) {
        if (report.queue.ready && report.queue.consumers) continue;
        if (!topology) topology = broker.topology();
        try {
            const auto now = topology->check_queue(report.queue.name);
            report.queue.ready = now.ready;
            report.queue.consumers = now.consumers;
            report.source = QueueSource::both;
        } catch (const Error& error) {
            // The queue is gone, or exclusive to another connection: its figures stay absent.
            if (error.kind() != ErrorKind::not_found) throw;
        }
    }
}

Inventory take_inventory(const Management& management, Broker& broker,
                         const std::vector<std::string>& names) {
    Inventory inventory;
    std::string denied;  // about a queue that the broker has
    bool any_told = false;
    const auto topology = broker.topology();
    for (const auto& name : names) {
        std::string unseen;
        QueueState now;
        try {
            now = topology->check_queue(name);
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::not_found) throw;
            // A queue that is exclusive to another connection exists all the same.
            if (auto told = ask_management(management, name, inventory.degraded, unseen))
                inventory.queues.push_back({std::move(*told), QueueSource::management});
            else
                inventory.missing.push_back(error);
            continue;
        }
        auto told = ask_management(management, name, inventory.degraded, denied);
        any_told = any_told || told;
        QueueReport report;
        report.source = told ? QueueSource::both : QueueSource::amqp;
        if (told) report.queue = std::move(*told);
        report.queue.name = name;
        report.queue.ready = now.ready;
        report.queue.consumers = now.consumers;
        inventory.queues.push_back(std::move(report));
    }
    // It knows none of them: the API of another broker, or of another virtual host.
    if (!any_told && inventory.degraded.empty()) inventory.degraded = denied;
    return inventory;
}

void add_bindings(Inventory& inventory, const Management& management) {
    if (inventory.queues.empty()) return;
    if (!inventory.degraded.empty()) {
        inventory.without_bindings = inventory.degraded;
        return;
    }
    std::map<std::string, std::vector<BindingInfo>> found;
    try {
        for (auto& binding : management.bindings())
            if (binding.to_queue && !binding.exchange.empty())
                found[binding.destination].push_back(std::move(binding));
    } catch (const Error& error) {
        // The queues are there, so a missing virtual host means the API of another broker.
        if (error.kind() != ErrorKind::unreachable && error.kind() != ErrorKind::not_found) throw;
        inventory.without_bindings = error.what();
        return;
    }
    for (auto& report : inventory.queues) {
        auto& bindings = report.bindings.emplace(found[report.queue.name]);
        std::ranges::sort(bindings, {}, [](const BindingInfo& binding) {
            return std::tie(binding.exchange, binding.pattern);
        });
    }
}

}  // namespace airy::mq::amqp
