// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "queue_bindings.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "event/topic.hpp"
#include "hints.hpp"
#include "mq/broker.hpp"
#include "mq/inventory.hpp"
#include "output/stream.hpp"
#include "util/error.hpp"
#include "util/json_writer.hpp"
#include "util/text.hpp"

namespace airy::tools {
namespace {

// Throws Error{not_found} for a pattern that the queue is not bound to, where the broker tells the
// bindings: to remove a binding that is not there is no error to RabbitMQ.
void check_that_bound(mq::Broker& broker, const std::string& queue, const std::string& exchange,
                      const std::vector<std::string>& patterns) {
    const auto inventory = broker.inventory({.queues = {queue}, .bindings = true});
    if (inventory.queues.empty() || !inventory.queues.front().bindings) return;
    const auto& bindings = *inventory.queues.front().bindings;
    for (const auto& pattern : patterns)
        if (std::ranges::none_of(bindings, [&](const mq::BindingInfo& binding) {
                return binding.exchange == exchange && binding.pattern == pattern;
            }))
            throw Error(ErrorKind::not_found,
                        fmt::format("the queue '{}' is not bound to '{}' of the exchange '{}'",
                                    util::printable(queue), util::printable(pattern),
                                    util::printable(exchange)),
                        fmt::format("airy queue show {} lists its bindings", shell_word(queue)));
}

}  // namespace

void QueueBindings::add_operands(cli::App& app, ExchangeOption& exchange) {
    app.option("QUEUE", queue_, "which; it must be there").required();
    app.option("PATTERN", patterns_, "e.g. post.published, post.*, or #").required();
    exchange.add(app);
}

void QueueBindings::add_bind(cli::App& app, ExchangeOption& exchange) {
    app.footer("A topic exchange of that name is made if there is no exchange of that name yet.");
    add_operands(app, exchange);
}

void QueueBindings::add_unbind(cli::App& app, ExchangeOption& exchange) {
    add_operands(app, exchange);
}

int QueueBindings::bind(const mq::Endpoint& endpoint, const std::string& exchange, bool json) {
    for (const auto& pattern : patterns_)
        event::check_pattern(pattern);
    const auto topology = mq::connect(endpoint)->topology();
    topology->check_queue(queue_);
    try {
        topology->check_exchange(exchange);
    } catch (const Error& error) {
        if (error.reason() != Reason::exchange_not_found) throw;
        topology->declare_exchange({exchange, "topic", true});
    }
    for (const auto& pattern : patterns_)
        topology->bind(queue_, exchange, pattern);
    report("bound", exchange, json);
    return 0;
}

int QueueBindings::unbind(const mq::Endpoint& endpoint, const std::string& exchange, bool json) {
    const auto broker = mq::connect(endpoint);
    const auto topology = broker->topology();
    topology->check_queue(queue_);
    topology->check_exchange(exchange);
    check_that_bound(*broker, queue_, exchange, patterns_);
    for (const auto& pattern : patterns_)
        topology->unbind(queue_, exchange, pattern);
    report("unbound", exchange, json);
    return 0;
}

void QueueBindings::report(const char* verb, const std::string& exchange, bool json) const {
    if (json)
        output::print(util::JsonObject()
                          .add("queue", queue_)
                          .add("name", queue_)
                          .add("exchange", exchange)
                          .add("patterns", util::JsonArray(patterns_))
                          .add(verb, true)
                          .line());
    else if (!common_options().quiet)
        for (const auto& pattern : patterns_)
            output::print(fmt::format("{}: {}, {} of {}\n", verb, util::printable(queue_),
                                      util::printable(pattern), util::printable(exchange)));
}

}  // namespace airy::tools
