// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/subscription.hpp"

#include <fmt/core.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <optional>
#include <utility>

#include "mq/amqp/table.hpp"
#include "mq/amqp/topology.hpp"
#include "mq/copies/letter.hpp"
#include "mq/steps.hpp"
#include "util/error.hpp"
#include "util/text.hpp"

namespace airy::mq::amqp {
namespace {

// Settlements are gathered for this long; the contract of Subscription allows 20 ms.
constexpr std::chrono::milliseconds settle_patience{5};
constexpr std::chrono::milliseconds subscription_deadline{500};
// A consumer that is not full after so long has taken all that its queue had.
constexpr std::chrono::milliseconds filling_patience{100};
// The broker sends a few deliveries at a time, and each group wakes three threads. With a large
// prefetch, where a short wait delays no handler, deliveries are gathered for this long.
constexpr std::uint16_t large_prefetch = 256;
constexpr std::chrono::milliseconds rest{1};
// While data comes without a pause, deliveries are handed over when they are this large together.
constexpr std::size_t most_gathered = 1 << 20;  // bytes

std::atomic<std::uint64_t> generations{0};

// While it lives, frames gather in the socket; its end sends them as one packet. Each packet wakes
// the broker.
class PacketOfFrames {
  public:
    explicit PacketOfFrames(int socket) noexcept : socket_(socket) { cork(1); }
    ~PacketOfFrames() { cork(0); }
    PacketOfFrames(const PacketOfFrames&) = delete;
    PacketOfFrames& operator=(const PacketOfFrames&) = delete;

  private:
    void cork(int on) const noexcept {
        ::setsockopt(socket_, IPPROTO_TCP, TCP_CORK, &on, sizeof on);
    }

    int socket_;
};

}  // namespace

AmqpSubscription::AmqpSubscription(const Endpoint& endpoint, const SubscribeOptions& options)
    : options_(options),
      prefetch_(options.prefetch),
      ledger_(new_ledger()),
      link_(endpoint, [this](Connection& connection) { subscribe(connection); }) {
    service_.watch(link_->socket());
    service_.start([this] { serve(); });
}

AmqpSubscription::~AmqpSubscription() {
    close(subscription_deadline);
}

// Prepares each new connection.
void AmqpSubscription::subscribe(Connection& connection) {
    if (generation_ != 0) declare_on(connection, options_.declarations);
    connection.read_large_frames();
    if (options_.queue.empty())
        declare_own_queue(connection);
    else if (queue_names_.empty())
        queue_ = &queue_names_.emplace_back(options_.queue);
    if (const auto next = std::exchange(next_consumer_, std::nullopt)) prefetch_ = next->prefetch;
    first_of_consumer_ = 1;
    amqp_basic_qos(connection.state(), Connection::channel, 0, prefetch_, 0);
    connection.check_reply("cannot set the prefetch");
    if (generation_ == 0) service_.prepare();
    begin_to_consume(connection);
    log_consuming(queue(), prefetch_);
    generation_ = ++generations;
    ledger_ = new_ledger();
    assembler_ = {};
    questions_.clear();
}

// Every queue knows priorities, 0 being the usual one, except for streams: the broker then refuses
// the argument. A stream would deliver, and close the channel at the first message put back.
void AmqpSubscription::begin_to_consume(Connection& connection) {
    amqp_table_entry_t priority{amqp_cstring_bytes("x-priority"), {}};
    priority.value.kind = AMQP_FIELD_KIND_I32;
    const auto what = fmt::format("cannot consume from the queue '{}'", util::printable(queue()));
    const auto* ok = amqp_basic_consume(connection.state(), Connection::channel, bytes_of(queue()),
                                        amqp_empty_bytes, 0, 0, 0, {1, &priority});
    try {
        connection.check_reply(what);
    } catch (const Error& error) {
        if (error.reason() != Reason::invalid_argument) throw;
        throw Error(Reason::unsupported, what + ": it is a stream",
                    "a stream keeps its messages and cannot put one back or give it up; a quorum "
                    "queue bound to the same topics can")
            .as_permanent();
    }
    consumer_tag_ = view_of(ok->consumer_tag);
}

// The queue goes with its connection, so each connection declares another.
void AmqpSubscription::declare_own_queue(Connection& connection) {
    use_exchange_on(connection, options_.exchange);
    QueueSpec spec;
    spec.durable = false;
    spec.exclusive = true;
    spec.auto_delete = true;
    const auto name = declare_queue_on(connection, spec).name;
    for (const auto& pattern : options_.patterns)
        bind_on(connection, name, options_.exchange.name, pattern);
    queue_ = &queue_names_.emplace_back(name);
}

AckLedger AmqpSubscription::new_ledger() const {
    return {options_.settle_at_once ? std::uint16_t{1} : prefetch_, settle_patience};
}

void AmqpSubscription::set_prefetch(std::uint16_t most) {
    inbox_.put({.handle = {}, .prefetch = most});
}

void AmqpSubscription::settle(DeliveryHandle delivery, Disposition disposition) {
    inbox_.put({.handle = delivery, .disposition = disposition});
}

std::uint64_t AmqpSubscription::count() {
    const auto question = ++last_question_;
    inbox_.put({.handle = {}, .count = question});
    return question;
}

void AmqpSubscription::stop() {
    inbox_.put({.handle = {}, .stop = true});
}

bool AmqpSubscription::close(std::chrono::milliseconds deadline) noexcept {
    service_.end(deadline);
    return flushed_.load();
}

void AmqpSubscription::serve() {
    try {
        while (true) {
            try {
                serve_connection();
                return finish();
            } catch (const Error&) {
                hand_over();
                if (ending_) throw;
                const auto report = [this](Interrupted event) {
                    event.part = generation_;
                    outbox_.put(std::move(event));
                };
                if (!link_.renew(std::current_exception(), service_, report)) return;
                outbox_.put(Restored{});
            }
        }
    } catch (const std::exception&) {
        hand_over();
        outbox_.put(Lost{std::current_exception()});
    }
}

void AmqpSubscription::serve_connection() {
    read_frames();
    while (!service_.closing()) {
        const auto due = next_consumer_ ? next_consumer_->at_latest : ledger_.due_at();
        if (service_.wait_readable(*link_, inbox_.fd(), due, rest_until_)) read_frames();
        take_commands();
        if (next_consumer_) consume_anew_when_full();
        if (!next_consumer_ && ledger_.due(std::chrono::steady_clock::now())) send_settlements();
    }
}

void AmqpSubscription::finish() {
    take_commands();
    send_settlements();
    // Closing the channel gives back unsettled deliveries, and the broker answers it after all
    // settlements sent before.
    flushed_.store(link_->close(service_.close_deadline()));
}

void AmqpSubscription::take_commands() {
    const auto commands = inbox_.take();
    if (commands.empty()) return;
    const auto now = std::chrono::steady_clock::now();
    for (const auto& command : commands) {
        if (command.handle.part == generation_)
            ledger_.settle(command.handle.number, command.disposition, now);
        if (command.prefetch && !ending_) want_prefetch(*command.prefetch);
        if (command.count && !ending_) ask_for_count(*command.count);
        if (!command.stop || std::exchange(ending_, true)) continue;
        next_consumer_.reset();
        cancel_consumer();
    }
}

// On the consumer's own channel, so that the answer comes behind the deliveries before it.
void AmqpSubscription::ask_for_count(std::uint64_t question) {
    if (next_consumer_) consume_anew();
    send_settlements();
    amqp_queue_declare_t look{};
    look.queue = bytes_of(queue());
    look.passive = 1;
    link_->check_sent(
        amqp_send_method(link_->state(), Connection::channel, AMQP_QUEUE_DECLARE_METHOD, &look));
    questions_.push_back(question);
}

void AmqpSubscription::cancel_consumer() {
    amqp_basic_cancel_t cancel{bytes_of(consumer_tag_), 0};
    link_->check_sent(
        amqp_send_method(link_->state(), Connection::channel, AMQP_BASIC_CANCEL_METHOD, &cancel));
}

// A consumer keeps the prefetch that it began with, so a new consumer replaces it.
void AmqpSubscription::want_prefetch(std::uint16_t prefetch) {
    if (next_consumer_)
        next_consumer_->prefetch = prefetch;
    else if (prefetch != prefetch_)
        next_consumer_ = {prefetch, util::steady_now() + filling_patience};
}

// The broker returns deliveries that are on their way to a cancelled consumer, and counts that as a
// delivery. To a consumer that holds as many as it may, nothing is on its way; so until then
// nothing is settled.
void AmqpSubscription::consume_anew_when_full() {
    const bool full = prefetch_ == 0 || ledger_.unsent_from(first_of_consumer_) >= prefetch_;
    if (full || util::steady_now() >= next_consumer_->at_latest) consume_anew();
}

// The new consumer begins before the old one is cancelled: an auto-delete queue is deleted with its
// last consumer. The old one's deliveries are settled on the same channel as before.
void AmqpSubscription::consume_anew() {
    prefetch_ = next_consumer_->prefetch;
    next_consumer_.reset();
    const auto send = [this](amqp_method_number_t method, void* fields) {
        link_->check_sent(amqp_send_method(link_->state(), Connection::channel, method, fields));
    };
    amqp_basic_qos_t qos{0, prefetch_, 0};
    send(AMQP_BASIC_QOS_METHOD, &qos);
    const auto tag = fmt::format("airy-{}-{}", generation_, ++consumers_);
    amqp_basic_consume_t consume{0, bytes_of(queue()), bytes_of(tag), 0, 0, 0,
                                 1, amqp_empty_table};  // no-wait; the tag is ours
    send(AMQP_BASIC_CONSUME_METHOD, &consume);
    cancel_consumer();
    consumer_tag_ = tag;
    first_of_consumer_ = ledger_.next_tag();
    ledger_.set_prefetch(prefetch_);
}

void AmqpSubscription::send_settlements() {
    const auto commands = ledger_.flush();
    std::optional<PacketOfFrames> packet;
    if (commands.size() > 1) packet.emplace(link_->socket());
    for (const auto& command : commands) {
        link_.progressed();
        const int status =
            command.disposition == Disposition::ack
                ? amqp_basic_ack(link_->state(), Connection::channel, command.tag, command.multiple)
                : amqp_basic_nack(link_->state(), Connection::channel, command.tag,
                                  command.multiple, command.disposition == Disposition::requeue);
        link_->check_sent(status);
    }
}

void AmqpSubscription::read_frames() {
    amqp_frame_t frame;
    while (link_->next_frame(frame)) {
        if (is_close(frame))
            throw_close(*link_, frame,
                        fmt::format("cannot go on consuming from '{}'", util::printable(queue())));
        if (assembler_.take(frame)) {
            if (auto content = assembler_.finished()) take_delivery(std::move(*content));
        } else if (frame.frame_type == AMQP_FRAME_METHOD) {
            take_method(frame);
        }
        link_->release_buffers();
    }
    if (events_.empty()) return;
    hand_over();
    if (prefetch_ == 0 || prefetch_ >= large_prefetch) rest_until_ = util::steady_now() + rest;
}

void AmqpSubscription::hand_over() {
    outbox_.put_all(events_);
    gathered_ = 0;
}

void AmqpSubscription::take_method(const amqp_frame_t& frame) {
    const auto& method = frame.payload.method;
    if (method.id == AMQP_QUEUE_DECLARE_OK_METHOD && !questions_.empty()) {
        const auto* ok = static_cast<const amqp_queue_declare_ok_t*>(method.decoded);
        events_.push_back(Counted{questions_.front(), ok->message_count});
        questions_.pop_front();
    }
    if (method.id != AMQP_BASIC_CANCEL_METHOD) return;
    ending_ = true;
    events_.push_back(
        Cancelled{fmt::format("the broker ended the subscription to '{}': was the queue deleted?",
                              util::printable(queue()))});
}

void AmqpSubscription::take_delivery(ContentAssembler::Content content) {
    ledger_.delivered(content.delivery_tag);
    Delivered delivered;
    delivered.message = std::move(content.message);
    delivered.queue = queue();
    delivered.redelivered = content.redelivered;
    delivered.received_at = util::system_clock().now();
    delivered.handle = {generation_, content.delivery_tag};
    delivered.returns = copies::counted_returns(delivered.message).value_or(content.redelivered);
    gathered_ += delivered.message.body.size();
    events_.push_back(std::move(delivered));
    if (gathered_ >= most_gathered) hand_over();
}

}  // namespace airy::mq::amqp
