// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "mq/amqp/connection.hpp"
#include "mq/publisher.hpp"
#include "mq/topology.hpp"

namespace airy::mq::amqp {

// Topology over one connection, on the caller's thread.
class AmqpTopology final : public Topology {
  public:
    explicit AmqpTopology(const Endpoint& endpoint) : connection_(endpoint) {}
    ~AmqpTopology() override;

    void declare_exchange(const ExchangeSpec& spec) override;
    void check_exchange(const std::string& name) override;
    QueueState declare_queue(const QueueSpec& spec) override;
    QueueState check_queue(const std::string& name) override;
    void bind(const std::string& queue, const std::string& exchange,
              const std::string& pattern) override;
    void unbind(const std::string& queue, const std::string& exchange,
                const std::string& pattern) override;
    std::uint64_t delete_queue(const std::string& name, bool if_empty, bool if_unused) override;
    std::uint64_t purge_queue(const std::string& name) override;
    void delete_exchange(const std::string& name) override;
    std::string server() const override { return connection_.server(); }

    // The delivery limit that the arguments of an existing queue set. The broker names it when it
    // refuses another declaration of the queue.
    struct DeclaredLimit {
        bool known = true;  // false: the broker does not tell, as to one who may not configure
        std::optional<std::int64_t> number{};  // negative: without limit; absent: not set
    };
    DeclaredLimit declared_limit(const std::string& queue);

  private:
    Connection connection_;
};

// The delivery limit of a quorum queue for which nobody set one: 20 since RabbitMQ 4.0, which since
// then takes -1 for none; nullopt: no limit. `server` as Topology::server has it.
// https://www.rabbitmq.com/docs/quorum-queues
std::optional<std::uint64_t> default_delivery_limit_of(std::string_view server) noexcept;

// Steps shared with publishing and subscribing; they throw as Topology does.
void use_exchange_on(Connection& connection, const ExchangeUse& use);
void declare_on(Connection& connection, const Declarations& declarations);
QueueState declare_queue_on(Connection& connection, const QueueSpec& spec);
void bind_on(Connection& connection, const std::string& queue, const std::string& exchange,
             const std::string& pattern);

}  // namespace airy::mq::amqp
