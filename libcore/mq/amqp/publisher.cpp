// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/publisher.hpp"

#include <fmt/core.h>

#include "mq/amqp/table.hpp"
#include "mq/amqp/topology.hpp"
#include "util/error.hpp"

namespace airy::mq::amqp {
namespace {

constexpr std::size_t unsent_limit = 64 << 20;  // bytes of bodies that wait to be written
constexpr int publish_burst = 64;               // messages written between two looks for confirms
constexpr std::chrono::milliseconds destructor_deadline{500};

}  // namespace

AmqpPublisher::AmqpPublisher(const Endpoint& endpoint, const PublisherOptions& options)
    : options_(options), connection_(endpoint) {
    use_exchange_on(connection_, options_.exchange);
    if (options_.confirm) {
        amqp_confirm_select(connection_.state(), Connection::channel);
        connection_.check_reply("cannot turn publisher confirms on");
    }
    init_amqp_pool(&pool_, 4096);
    service_.start([this] { serve(); });
}

AmqpPublisher::~AmqpPublisher() {
    close(destructor_deadline);
    empty_amqp_pool(&pool_);
}

std::uint64_t AmqpPublisher::try_submit(event::Message& message) {
    if (lost_.load() || in_flight_.load() >= options_.window) return 0;
    if (unsent_bytes_.load() > unsent_limit) return 0;
    check_limits(message, static_cast<std::size_t>(amqp_get_frame_max(connection_.state())));
    unsent_bytes_.fetch_add(message.body.size());
    in_flight_.fetch_add(1);
    inbox_.put(std::move(message));
    return ++submitted_;
}

void AmqpPublisher::close(std::chrono::milliseconds deadline) noexcept {
    service_.end(deadline, connection_.socket(), [this] { inbox_.put({}); });
}

void AmqpPublisher::serve() {
    try {
        serve_until_closed();
        connection_.close(service_.close_deadline());
    } catch (const Error&) {
        lost_.store(true);
        hand_over();
        outbox_.put(Lost{std::current_exception()});
    }
}

void AmqpPublisher::serve_until_closed() {
    read_frames();
    while (!service_.closing()) {
        // A blocked publisher must not write: the broker has stopped reading.
        const int inbox = blocked_ ? -1 : inbox_.fd();
        if (wait_readable(connection_, inbox, util::SteadyTime::max())) read_frames();
        if (blocked_) continue;
        const auto messages = inbox_.take();
        int burst = 0;
        for (const auto& message : messages) {
            if (service_.closing()) return;
            publish(message);
            if (++burst % publish_burst == 0) read_frames();
        }
        hand_over();
    }
}

void AmqpPublisher::publish(const event::Message& message) {
    const auto properties = properties_to(message, pool_);
    connection_.check_sent(amqp_basic_publish(
        connection_.state(), Connection::channel, bytes_of(message.exchange),
        bytes_of(message.topic), options_.mandatory, 0, &properties, bytes_of(message.body)));
    recycle_amqp_pool(&pool_);
    unsent_bytes_.fetch_sub(message.body.size());
    ++written_;
    if (options_.confirm) {
        window_.published(ConfirmWindow::fingerprint(
            message.topic, message.properties.message_id.value_or(std::string()), message.body));
    } else {
        events_.push_back(Confirmed{written_});
    }
}

void AmqpPublisher::read_frames() {
    amqp_frame_t frame;
    while (connection_.next_frame(frame)) {
        if (is_close(frame)) throw_close(connection_, frame, "cannot publish");
        if (assembler_.take(frame)) {
            if (auto content = assembler_.finished()) take_return(std::move(*content));
        } else if (frame.frame_type == AMQP_FRAME_METHOD) {
            take_method(frame);
        }
        connection_.release_buffers();
    }
    hand_over();
}

void AmqpPublisher::take_method(const amqp_frame_t& frame) {
    const auto& method = frame.payload.method;
    if (method.id == AMQP_BASIC_ACK_METHOD) {
        const auto* ack = static_cast<const amqp_basic_ack_t*>(method.decoded);
        window_.settle(ack->delivery_tag, ack->multiple != 0, true, events_);
    } else if (method.id == AMQP_BASIC_NACK_METHOD) {
        const auto* nack = static_cast<const amqp_basic_nack_t*>(method.decoded);
        window_.settle(nack->delivery_tag, nack->multiple != 0, false, events_);
    } else if (method.id == AMQP_CONNECTION_BLOCKED_METHOD) {
        const auto* blocked = static_cast<const amqp_connection_blocked_t*>(method.decoded);
        blocked_ = true;
        events_.push_back(Blocked{std::string(view_of(blocked->reason))});
    } else if (method.id == AMQP_CONNECTION_UNBLOCKED_METHOD) {
        blocked_ = false;
        events_.push_back(Unblocked{});
    }
}

void AmqpPublisher::take_return(ContentAssembler::Content content) {
    window_.returned(
        ConfirmWindow::fingerprint(content.message.topic,
                                   content.message.properties.message_id.value_or(std::string()),
                                   content.message.body),
        content.return_code, std::move(content.return_text));
}

// Gives the outcomes to the caller's thread.
void AmqpPublisher::hand_over() {
    std::size_t outcomes = 0;
    for (const auto& event : events_)
        if (!std::holds_alternative<Blocked>(event) && !std::holds_alternative<Unblocked>(event))
            ++outcomes;
    in_flight_.fetch_sub(outcomes);
    outbox_.put_all(events_);
}

}  // namespace airy::mq::amqp
