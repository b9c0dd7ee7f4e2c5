// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/subscription.hpp"

#include <fmt/core.h>

#include "mq/amqp/table.hpp"
#include "mq/amqp/topology.hpp"
#include "util/error.hpp"
#include "util/text.hpp"

namespace airy::mq::amqp {
namespace {

// Settlements wait for company this long; the contract of Subscription allows 20 ms.
constexpr std::chrono::milliseconds settle_patience{5};
constexpr std::chrono::milliseconds destructor_deadline{500};

std::atomic<std::uint64_t> generations{0};

}  // namespace

AmqpSubscription::AmqpSubscription(const Endpoint& endpoint, const SubscribeOptions& options)
    : generation_(++generations),
      queue_(options.queue),
      connection_(endpoint),
      ledger_(options.prefetch, settle_patience) {
    subscribe(options);
    service_.start([this] { serve(); });
}

AmqpSubscription::~AmqpSubscription() {
    close(destructor_deadline);
}

void AmqpSubscription::subscribe(const SubscribeOptions& options) {
    if (queue_.empty()) {
        use_exchange_on(connection_, options.exchange);
        QueueSpec spec;
        spec.durable = false;
        spec.exclusive = true;
        spec.auto_delete = true;
        queue_ = declare_queue_on(connection_, spec).name;
        for (const auto& pattern : options.patterns)
            bind_on(connection_, queue_, options.exchange.name, pattern);
    }
    amqp_basic_qos(connection_.state(), Connection::channel, 0, options.prefetch, 0);
    connection_.check_reply("cannot set the prefetch");
    const auto* ok = amqp_basic_consume(connection_.state(), Connection::channel, bytes_of(queue_),
                                        amqp_empty_bytes, 0, 0, 0, amqp_empty_table);
    connection_.check_reply(
        fmt::format("cannot consume from the queue '{}'", util::printable(queue_)));
    consumer_tag_ = view_of(ok->consumer_tag);
}

void AmqpSubscription::settle(DeliveryTag tag, Settlement settlement) {
    if (tag.generation == generation_) inbox_.put({tag.tag, settlement, false});
}

void AmqpSubscription::stop() {
    inbox_.put({0, Settlement::ack, true});
}

bool AmqpSubscription::close(std::chrono::milliseconds deadline) noexcept {
    service_.end(deadline, connection_.socket(), [this] { inbox_.put({}); });
    return flushed_.load();
}

void AmqpSubscription::serve() {
    try {
        serve_until_closed();
        take_commands();
        send_settlements();
        // Closing the channel gives back what is unsettled, and its answer comes after all that
        // was sent before.
        flushed_.store(connection_.close(service_.close_deadline()));
    } catch (const Error&) {
        outbox_.put_all(events_);
        outbox_.put(Lost{std::current_exception()});
    }
}

void AmqpSubscription::serve_until_closed() {
    read_frames();
    while (!service_.closing()) {
        if (wait_readable(connection_, inbox_.fd(), ledger_.due_at())) read_frames();
        take_commands();
        if (ledger_.due(std::chrono::steady_clock::now())) send_settlements();
    }
}

void AmqpSubscription::take_commands() {
    const auto commands = inbox_.take();
    if (commands.empty()) return;
    const auto now = std::chrono::steady_clock::now();
    for (const auto& command : commands) {
        if (command.tag != 0) ledger_.settle(command.tag, command.settlement, now);
        if (command.stop) {
            amqp_basic_cancel_t cancel{bytes_of(consumer_tag_), 0};
            connection_.check_sent(amqp_send_method(connection_.state(), Connection::channel,
                                                    AMQP_BASIC_CANCEL_METHOD, &cancel));
        }
    }
}

void AmqpSubscription::send_settlements() {
    for (const auto& command : ledger_.flush()) {
        const int status =
            command.settlement == Settlement::ack
                ? amqp_basic_ack(connection_.state(), Connection::channel, command.tag,
                                 command.multiple)
                : amqp_basic_nack(connection_.state(), Connection::channel, command.tag,
                                  command.multiple, command.settlement == Settlement::requeue);
        connection_.check_sent(status);
    }
}

void AmqpSubscription::read_frames() {
    amqp_frame_t frame;
    while (connection_.next_frame(frame)) {
        if (is_close(frame))
            throw_close(connection_, frame,
                        fmt::format("cannot go on consuming from '{}'", util::printable(queue_)));
        if (assembler_.take(frame)) {
            if (auto content = assembler_.finished()) take_delivery(std::move(*content));
        } else if (frame.frame_type == AMQP_FRAME_METHOD) {
            take_method(frame);
        }
        connection_.release_buffers();
    }
    outbox_.put_all(events_);
}

void AmqpSubscription::take_method(const amqp_frame_t& frame) {
    if (frame.payload.method.id != AMQP_BASIC_CANCEL_METHOD) return;
    events_.push_back(
        Cancelled{fmt::format("the broker ended the subscription to '{}': was the queue deleted?",
                              util::printable(queue_))});
}

void AmqpSubscription::take_delivery(ContentAssembler::Content content) {
    ledger_.delivered(content.delivery_tag);
    events_.push_back(Delivered{std::move(content.message),
                                queue_,
                                content.redelivered,
                                util::system_clock().now(),
                                {generation_, content.delivery_tag}});
}

}  // namespace airy::mq::amqp
