// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/catalogue.hpp"

#include <algorithm>

#include "event/topic.hpp"
#include "mq/embedded/codec.hpp"
#include "util/error.hpp"

namespace airy::mq::embedded {
namespace {

// Most publishers use few topics. A publisher that invents topics must not fill the memory.
constexpr std::size_t most_routes = 10'000;

// A damaged queue must not stop the other queues. It keeps every message that comes to it.
void read_arguments(QueueInfo& queue, std::string_view bytes) {
    const auto& type = queue.spec.type;
    try {
        queue.spec.arguments = decode_table(bytes);
        queue.policy = policy_of(type, queue.spec.arguments);
    } catch (const Error&) {
        queue.damaged = true;
        queue.policy = {};
        queue.policy.quorum = type == "quorum";
        queue.policy.at_least_once = true;
    }
}

bool leads_to(const std::string& type, const std::string& pattern, std::string_view topic) {
    if (type == "topic") return event::matches(pattern, topic);
    return type == "fanout" || pattern == topic;
}

}  // namespace

void Catalogue::refresh(Database& database) {
    const auto version = database.value("SELECT value FROM setting WHERE name = 'topology'");
    if (version == version_) return;
    load(database);
    version_ = version;
}

void Catalogue::load(Database& database) {
    queues_.clear();
    by_id_.clear();
    exchanges_.clear();
    auto queues = database.query(
        "SELECT id, birth, name, type, durable, auto_delete, owner, arguments FROM queue "
        "WHERE type <> 'deleted'");
    while (queues.next()) {
        QueueInfo queue;
        queue.id = queues.integer(0);
        queue.birth = queues.integer(1);
        queue.spec.name = queues.text(2);
        queue.spec.type = queues.text(3);
        queue.spec.durable = queues.integer(4) != 0;
        queue.spec.auto_delete = queues.integer(5) != 0;
        queue.owner = queues.optional(6);
        queue.spec.exclusive = queue.owner.has_value();
        read_arguments(queue, queues.text(7));
        const auto name = queue.spec.name;
        const auto& kept = queues_.emplace(name, std::move(queue)).first->second;
        by_id_.emplace(kept.id, &kept);
    }
    std::unordered_map<std::int64_t, Exchange*> by_exchange;
    exchanges_[""].info = {0, "direct", true};
    auto exchanges = database.query("SELECT id, name, type, durable FROM exchange");
    while (exchanges.next()) {
        auto& exchange = exchanges_[std::string(exchanges.text(1))];
        exchange.info = {exchanges.integer(0), std::string(exchanges.text(2)),
                         exchanges.integer(3) != 0};
        by_exchange.emplace(exchange.info.id, &exchange);
    }
    auto bindings = database.query("SELECT exchange, pattern, queue FROM binding");
    while (bindings.next()) {
        const auto exchange = by_exchange.find(bindings.integer(0));
        const auto* target = queue(bindings.integer(2));
        if (exchange != by_exchange.end() && target != nullptr)
            exchange->second->bindings.push_back({std::string(bindings.text(1)), target});
    }
}

const QueueInfo* Catalogue::queue(std::string_view name) const {
    const auto found = queues_.find(name);
    return found == queues_.end() ? nullptr : &found->second;
}

const QueueInfo* Catalogue::queue(std::int64_t id) const {
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : found->second;
}

const ExchangeInfo* Catalogue::exchange(std::string_view name) const {
    const auto found = exchanges_.find(name);
    return found == exchanges_.end() ? nullptr : &found->second.info;
}

std::vector<const QueueInfo*> Catalogue::find_route(const Exchange& exchange,
                                                    std::string_view topic) const {
    std::vector<const QueueInfo*> out;
    if (exchange.info.id == 0) {
        if (const auto* target = queue(topic)) out.push_back(target);
        return out;
    }
    for (const auto& binding : exchange.bindings)
        if (leads_to(exchange.info.type, binding.pattern, topic)) out.push_back(binding.queue);
    std::ranges::sort(out);
    out.erase(std::unique(out.begin(), out.end()), out.end());
    return out;
}

const std::vector<const QueueInfo*>* Catalogue::route(std::string_view exchange,
                                                      std::string_view topic) {
    const auto found = exchanges_.find(exchange);
    if (found == exchanges_.end()) return nullptr;
    auto& routes = found->second.routes;
    auto known = routes.find(std::string(topic));
    if (known == routes.end()) {
        if (routes.size() >= most_routes) routes.clear();
        known = routes.emplace(topic, find_route(found->second, topic)).first;
    }
    return &known->second;
}

}  // namespace airy::mq::embedded
