// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/topology.hpp"

#include <fmt/core.h>

#include <charconv>

#include "mq/amqp/errors.hpp"
#include "mq/amqp/inequivalence.hpp"
#include "mq/amqp/table.hpp"
#include "mq/steps.hpp"
#include "util/error.hpp"
#include "util/text.hpp"

namespace airy::mq::amqp {
namespace {

constexpr std::chrono::milliseconds close_deadline{2000};
constexpr int most_differences = 32;     // properties of a queue
constexpr std::size_t name_limit = 255;  // bytes; a short string of AMQP

// A pool for the arguments of one call.
class ArgumentPool {
  public:
    ArgumentPool() { init_amqp_pool(&pool_, 4096); }
    ~ArgumentPool() { empty_amqp_pool(&pool_); }
    ArgumentPool(const ArgumentPool&) = delete;
    ArgumentPool& operator=(const ArgumentPool&) = delete;
    amqp_pool_t& get() { return pool_; }

  private:
    amqp_pool_t pool_;
};

// rabbitmq-c would cut the length of a longer name to one byte.
void check_name(std::string_view kind, const std::string& name) {
    if (name.size() > name_limit)
        throw Error(ErrorKind::usage,
                    fmt::format("the name of the {} is {} bytes long; AMQP takes at most {}", kind,
                                name.size(), name_limit));
}

// The name of an existing queue: to the broker, an empty name means the queue declared last.
void check_queue_name(const std::string& name) {
    if (name.empty()) throw Error(ErrorKind::usage, "the name of the queue is empty");
    check_name("queue", name);
}

std::string about(std::string_view what, std::string_view kind, const std::string& name) {
    if (name.empty()) return fmt::format("cannot {} a {} of its own", what, kind);
    return fmt::format("cannot {} the {} '{}'", what, kind, util::printable(name));
}

QueueState state_from(const amqp_queue_declare_ok_t& ok) {
    return {std::string(view_of(ok.queue)), ok.message_count, ok.consumer_count};
}

void declare_exchange_on(Connection& connection, const ExchangeSpec& spec) {
    check_name("exchange", spec.name);
    amqp_exchange_declare(connection.state(), Connection::channel, bytes_of(spec.name),
                          bytes_of(spec.type), 0, spec.durable, 0, 0, amqp_empty_table);
    try {
        connection.check_reply(about("declare", "exchange", spec.name));
    } catch (const Error& error) {
        if (error.reason() != Reason::differs) throw;
        throw error.because(Reason::exchange_differs);
    }
    log_declared(spec);
}

void check_exchange_on(Connection& connection, const std::string& name) {
    check_name("exchange", name);
    amqp_exchange_declare(connection.state(), Connection::channel, bytes_of(name),
                          bytes_of("topic"), 1, 0, 0, 0, amqp_empty_table);
    connection.check_reply(about("find", "exchange", name));
}

QueueState try_declare(Connection& connection, const QueueSpec& spec) {
    event::HeaderTable arguments = spec.arguments;
    if (!spec.exclusive && spec.type != "classic")
        arguments.insert(arguments.begin(), {"x-queue-type", {spec.type}});
    ArgumentPool pool;
    const auto* ok = amqp_queue_declare(connection.state(), Connection::channel,
                                        bytes_of(spec.name), 0, spec.durable, spec.exclusive,
                                        spec.auto_delete, table_to(arguments, pool.get()));
    connection.check_reply(about("declare", "queue", spec.name));
    return state_from(*ok);
}

// Every property in which the existing queue differs from `spec`. The broker names only the first
// one, so `spec` takes the queue's value and is declared again, until the broker accepts it: the
// last declare then describes the queue as it is, and changes nothing.
std::string differences_from(Connection& connection, QueueSpec spec, const Error& error) {
    std::string differences;
    std::string text = error.what();
    for (int i = 0; i < most_differences; ++i) {
        const auto difference = adopt_difference(text, spec);
        if (!difference) break;
        differences += (differences.empty() ? "" : "; ") + *difference;
        try {
            try_declare(connection, spec);
            break;
        } catch (const Error& next) {
            text = next.what();
        }
    }
    return differences;
}

// The queue with the argument for it; without, where the queue exists without, or the broker has no
// such argument.
QueueState declare_unlimited(Connection& connection, QueueSpec spec) {
    spec.unlimited_deliveries = false;
    if (spec.type == "quorum" && default_delivery_limit_of(connection.server())) {
        auto unlimited = spec;
        unlimited.arguments.push_back({"x-delivery-limit", {std::int64_t{-1}}});
        try {
            const auto state = try_declare(connection, unlimited);
            log_declared(unlimited, state);
            return state;
        } catch (const Error& error) {
            if (error.reason() != Reason::differs && error.reason() != Reason::invalid_argument)
                throw;
        }
    }
    return declare_queue_on(connection, spec);
}

}  // namespace

std::optional<std::uint64_t> default_delivery_limit_of(std::string_view server) noexcept {
    constexpr std::string_view name = "RabbitMQ ";
    if (!server.starts_with(name)) return std::nullopt;
    server.remove_prefix(name.size());
    unsigned major = 0;
    std::from_chars(server.data(), server.data() + server.size(), major);
    return major >= 4 ? std::optional<std::uint64_t>(20) : std::nullopt;
}

void use_exchange_on(Connection& connection, const ExchangeUse& use) {
    if (use.name.empty()) return;  // the default exchange is always there
    if (!use.declare) {
        check_exchange_on(connection, use.name);
        return;
    }
    try {
        declare_exchange_on(connection, {use.name, "topic", true});
    } catch (const Error& error) {
        // A user who may publish may lack the permission to configure.
        if (error.reason() != Reason::access_refused) throw;
        check_exchange_on(connection, use.name);
    }
}

QueueState declare_queue_on(Connection& connection, const QueueSpec& spec) {
    check_name("queue", spec.name);
    if (spec.unlimited_deliveries) return declare_unlimited(connection, spec);
    try {
        const auto state = try_declare(connection, spec);
        log_declared(spec, state);
        return state;
    } catch (const Error& error) {
        const auto differences = differences_from(connection, spec, error);
        if (differences.empty()) throw;
        throw Error(Reason::differs,
                    fmt::format("{}: it exists with other properties: {}",
                                about("declare", "queue", spec.name), differences),
                    "use those, or another name")
            .about(spec.name)
            .as_permanent();
    }
}

void bind_on(Connection& connection, const std::string& queue, const std::string& exchange,
             const std::string& pattern) {
    check_name("pattern", pattern);
    amqp_queue_bind(connection.state(), Connection::channel, bytes_of(queue), bytes_of(exchange),
                    bytes_of(pattern), amqp_empty_table);
    connection.check_reply(fmt::format("cannot bind the queue '{}' to '{}' of the exchange '{}'",
                                       util::printable(queue), util::printable(pattern),
                                       util::printable(exchange)));
    log_bound(queue, exchange, pattern);
}

void declare_on(Connection& connection, const Declarations& declarations) {
    for (const auto& exchange : declarations.exchanges)
        declare_exchange_on(connection, exchange);
    for (const auto& queue : declarations.queues)
        declare_queue_on(connection, queue);
    for (const auto& binding : declarations.bindings)
        bind_on(connection, binding.queue, binding.exchange, binding.pattern);
}

AmqpTopology::~AmqpTopology() {
    connection_.close(close_deadline);
}

void AmqpTopology::declare_exchange(const ExchangeSpec& spec) {
    declare_exchange_on(connection_, spec);
}

void AmqpTopology::check_exchange(const std::string& name) {
    check_exchange_on(connection_, name);
}

QueueState AmqpTopology::declare_queue(const QueueSpec& spec) {
    return declare_queue_on(connection_, spec);
}

QueueState AmqpTopology::check_queue(const std::string& name) {
    check_queue_name(name);
    const auto* ok = amqp_queue_declare(connection_.state(), Connection::channel, bytes_of(name), 1,
                                        0, 0, 0, amqp_empty_table);
    // The queue exists, exclusive to another connection.
    const bool locked = is_locked(amqp_get_rpc_reply(connection_.state()));
    connection_.check_reply(about(locked ? "use" : "find", "queue", name));
    const auto state = state_from(*ok);
    log_looked_at(state);
    return state;
}

AmqpTopology::DeclaredLimit AmqpTopology::declared_limit(const std::string& queue) {
    constexpr DeclaredLimit unknown{.known = false}, not_set, without{.number = -1};
    constexpr std::int64_t nobodys = -5;  // RabbitMQ 3 makes no queue with such a limit
    constexpr std::string_view limit = "x-delivery-limit";
    QueueSpec spec;
    spec.name = check_queue(queue).name;
    spec.arguments.push_back({std::string(limit), {nobodys}});
    for (int i = 0; i < most_differences; ++i) {
        try {
            try_declare(connection_, spec);
            return not_set;
        } catch (const Error& error) {
            const auto difference = adopt_difference(error.what(), spec);
            if (!difference) return unknown;
            if (spec.type != "quorum") return without;
            if (!difference->starts_with(limit)) continue;
        }
        if (spec.arguments.empty() || spec.arguments.back().first != limit) return not_set;
        const auto* number = std::get_if<std::int64_t>(&spec.arguments.back().second.value);
        return number == nullptr ? unknown : DeclaredLimit{.number = *number};
    }
    return unknown;
}

void AmqpTopology::bind(const std::string& queue, const std::string& exchange,
                        const std::string& pattern) {
    bind_on(connection_, queue, exchange, pattern);
}

void AmqpTopology::unbind(const std::string& queue, const std::string& exchange,
                          const std::string& pattern) {
    amqp_queue_unbind(connection_.state(), Connection::channel, bytes_of(queue), bytes_of(exchange),
                      bytes_of(pattern), amqp_empty_table);
    connection_.check_reply(about("unbind", "queue", queue));
}

std::uint64_t AmqpTopology::delete_queue(const std::string& name, bool if_empty, bool if_unused) {
    check_queue(name);  // RabbitMQ reports success for deleting a missing queue
    const auto* ok = amqp_queue_delete(connection_.state(), Connection::channel, bytes_of(name),
                                       if_unused, if_empty);
    connection_.check_reply(about("delete", "queue", name));
    log_deleted(name, ok->message_count);
    return ok->message_count;
}

std::uint64_t AmqpTopology::purge_queue(const std::string& name) {
    check_queue_name(name);
    const auto* ok = amqp_queue_purge(connection_.state(), Connection::channel, bytes_of(name));
    connection_.check_reply(about("purge", "queue", name));
    log_purged(name, ok->message_count);
    return ok->message_count;
}

void AmqpTopology::delete_exchange(const std::string& name) {
    check_exchange(name);  // as with queues
    amqp_exchange_delete(connection_.state(), Connection::channel, bytes_of(name), 0);
    connection_.check_reply(about("delete", "exchange", name));
}

}  // namespace airy::mq::amqp
