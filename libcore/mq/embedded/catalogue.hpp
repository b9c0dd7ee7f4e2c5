// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "mq/embedded/database.hpp"
#include "mq/embedded/queue_policy.hpp"

namespace airy::mq::embedded {

struct QueueInfo {
    std::int64_t id = 0;
    std::int64_t birth = 0;  // differs between this queue and a later one of the same id
    QueueSpec spec;
    std::optional<std::int64_t> owner;  // the session of an exclusive queue
    QueuePolicy policy;
    bool damaged = false;  // the arguments cannot be read
};

struct ExchangeInfo {
    std::int64_t id = 0;
    std::string type;
    bool durable = true;
};

// Queues, exchanges and bindings as this connection knows them. refresh() reads them again when
// another connection has changed them. One thread; valid within a transaction, after refresh().
class Catalogue {
  public:
    void refresh(Database& database);

    const QueueInfo* queue(std::string_view name) const;
    const QueueInfo* queue(std::int64_t id) const;
    const std::map<std::string, QueueInfo, std::less<>>& queues() const { return queues_; }
    const ExchangeInfo* exchange(std::string_view name) const;

    // The queues that a message of this topic reaches, each once. Null when the exchange does not
    // exist. Valid until the next refresh.
    const std::vector<const QueueInfo*>* route(std::string_view exchange, std::string_view topic);

  private:
    struct Binding {
        std::string pattern;
        const QueueInfo* queue;
    };
    struct Exchange {
        ExchangeInfo info;
        std::vector<Binding> bindings;
        std::unordered_map<std::string, std::vector<const QueueInfo*>> routes;  // by topic
    };
    void load(Database& database);
    std::vector<const QueueInfo*> find_route(const Exchange& exchange,
                                             std::string_view topic) const;

    std::optional<std::int64_t> version_;
    std::map<std::string, QueueInfo, std::less<>> queues_;
    std::unordered_map<std::int64_t, const QueueInfo*> by_id_;
    std::map<std::string, Exchange, std::less<>> exchanges_;  // the default exchange among them
};

}  // namespace airy::mq::embedded
