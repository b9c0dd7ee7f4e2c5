// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/publisher.hpp"

#include <iterator>
#include <utility>

#include "mq/amqp/table.hpp"
#include "mq/amqp/topology.hpp"
#include "util/error.hpp"
#include "util/log.hpp"

namespace airy::mq::amqp {
namespace {

constexpr std::size_t held_limit = 64 << 20;  // bytes of bodies, waiting or unconfirmed
constexpr int publish_burst = 64;             // messages written between two reads of confirms
constexpr std::chrono::milliseconds publisher_deadline{500};

bool is_outcome(const PublisherEvent& event) noexcept {
    const auto* unroutable = std::get_if<Unroutable>(&event);
    return std::holds_alternative<Confirmed>(event) || std::holds_alternative<Refused>(event) ||
           (unroutable != nullptr && unroutable->sequence != 0);
}

}  // namespace

AmqpPublisher::AmqpPublisher(const Endpoint& endpoint, const PublisherOptions& options)
    : options_(options), link_(endpoint, [this](Connection& connection) { prepare(connection); }) {
    init_amqp_pool(&pool_, 4096);
    service_.watch(link_->socket());
    service_.start([this] { serve(); });
}

AmqpPublisher::~AmqpPublisher() {
    close(publisher_deadline);
    empty_amqp_pool(&pool_);
}

std::uint64_t AmqpPublisher::try_submit(event::Message& message) {
    if (lost_.load() || in_flight_.load() >= options_.window) return 0;
    if (held_bytes_.load() > held_limit) return 0;
    check_limits(message, frame_max_.load());
    held_bytes_.fetch_add(message.body.size());
    in_flight_.fetch_add(1);
    inbox_.put({++submitted_, std::move(message)});
    return submitted_;
}

void AmqpPublisher::close(std::chrono::milliseconds deadline) noexcept {
    service_.end(deadline);
}

// Prepares each new connection.
void AmqpPublisher::prepare(Connection& connection) {
    use_exchange_on(connection, options_.exchange);
    if (options_.confirm) {
        amqp_confirm_select(connection.state(), Connection::channel);
        connection.check_reply("cannot turn publisher confirms on");
        util::log_info("publisher confirms are on", {{"exchange", options_.exchange.name}});
    }
    frame_max_.store(static_cast<std::size_t>(amqp_get_frame_max(connection.state())));
}

void AmqpPublisher::serve() {
    try {
        while (true) {
            try {
                serve_connection();
                link_->close(service_.close_deadline());
                return;
            } catch (const Error&) {
                take_back_unconfirmed();
                const auto report = [this](Interrupted event) { outbox_.put(std::move(event)); };
                if (!link_.renew(std::current_exception(), service_, report)) return;
                outbox_.put(Restored{});
            }
        }
    } catch (const std::exception&) {
        lost_.store(true);
        hand_over();
        outbox_.put(Lost{std::current_exception()});
    }
}

void AmqpPublisher::serve_connection() {
    read_frames();
    while (!service_.closing()) {
        // A blocked publisher must not write: the broker has stopped reading.
        const int inbox = blocked_ ? -1 : inbox_.fd();
        const auto due = blocked_ || backlog_.empty() ? util::SteadyTime::max()
                                                      : std::chrono::steady_clock::now();
        if (service_.wait_readable(*link_, inbox, due)) read_frames();
        if (!blocked_) write_backlog();
    }
    if (!options_.confirm && options_.mandatory) take_last_returns();
}

// The channel works in order: once it has answered a later call, it has returned all messages sent
// before that no queue takes.
void AmqpPublisher::take_last_returns() {
    const auto deadline = service_.close_deadline();
    const auto whole = std::chrono::floor<std::chrono::seconds>(deadline);
    const timeval timeout{whole.count(), std::chrono::microseconds(deadline - whole).count()};
    amqp_set_rpc_timeout(link_->state(), &timeout);
    // basic.qos changes nothing here: the channel has no consumer.
    if (amqp_basic_qos(link_->state(), Connection::channel, 0, 1, 0) != nullptr) read_frames();
}

// Messages without an outcome are published again on the next connection, in the same order.
void AmqpPublisher::take_back_unconfirmed() {
    if (std::exchange(blocked_, false)) events_.push_back(Unblocked{});
    hand_over();
    assembler_ = {};
    if (!link_.renewable()) return;
    auto again = window_.restart();
    backlog_.insert(backlog_.begin(), std::make_move_iterator(again.begin()),
                    std::make_move_iterator(again.end()));
}

void AmqpPublisher::write_backlog() {
    auto messages = inbox_.take();
    backlog_.insert(backlog_.end(), std::make_move_iterator(messages.begin()),
                    std::make_move_iterator(messages.end()));
    for (int burst = 1; !backlog_.empty() && !blocked_ && !service_.closing(); ++burst) {
        publish(backlog_.front());  // stays there when it throws
        backlog_.pop_front();
        if (burst % publish_burst == 0) read_frames();
    }
    hand_over();
}

void AmqpPublisher::publish(Numbered& next) {
    auto& message = next.message;
    const auto properties = properties_to(message, pool_);
    link_->check_sent(amqp_basic_publish(
        link_->state(), Connection::channel, bytes_of(message.exchange), bytes_of(message.topic),
        options_.mandatory, 0, &properties, bytes_of(message.body)));
    recycle_amqp_pool(&pool_);
    if (!options_.confirm) {
        held_bytes_.fetch_sub(message.body.size());
        events_.push_back(Confirmed{next.sequence});
        return;
    }
    const auto fingerprint = ConfirmWindow::fingerprint(
        message.topic, message.properties.message_id.value_or(std::string()), message.body);
    if (!link_.renewable()) {
        held_bytes_.fetch_sub(message.body.size());
        message = {};
    }
    window_.published(fingerprint, std::move(next));
}

void AmqpPublisher::read_frames() {
    amqp_frame_t frame;
    while (link_->next_frame(frame)) {
        if (is_close(frame)) refused(frame);
        if (assembler_.take(frame)) {
            if (auto content = assembler_.finished()) take_return(std::move(*content));
        } else if (frame.frame_type == AMQP_FRAME_METHOD) {
            take_method(frame);
        }
        link_->release_buffers();
    }
    hand_over();
}

// When the broker closes the channel for a message, it has refused the message, whatever the code
// means elsewhere.
void AmqpPublisher::refused(const amqp_frame_t& frame) {
    int code = 0;
    if (frame.payload.method.id == AMQP_CHANNEL_CLOSE_METHOD)
        code = static_cast<const amqp_channel_close_t*>(frame.payload.method.decoded)->reply_code;
    try {
        throw_close(*link_, frame, "cannot publish");
    } catch (const Error& error) {
        if (code != AMQP_ACCESS_REFUSED && code != AMQP_PRECONDITION_FAILED) throw;
        throw Error(
            code == AMQP_ACCESS_REFUSED ? Reason::publish_forbidden : Reason::publish_refused,
            error.what(), code == AMQP_ACCESS_REFUSED ? error.hint() : "the broker says why")
            .as_permanent();
    }
}

void AmqpPublisher::take_method(const amqp_frame_t& frame) {
    const auto& method = frame.payload.method;
    const auto kept = window_.bytes();
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
    held_bytes_.fetch_sub(kept - window_.bytes());
}

void AmqpPublisher::take_return(ContentAssembler::Content content) {
    if (!options_.confirm) {
        events_.push_back(Unroutable{0, content.return_code, std::move(content.return_text)});
        return;
    }
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
        if (is_outcome(event)) ++outcomes;
    in_flight_.fetch_sub(outcomes);
    outbox_.put_all(events_);
}

}  // namespace airy::mq::amqp
