// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/publisher.hpp"

#include <fmt/core.h>

#include <iterator>
#include <utility>

#include "mq/amqp/errors.hpp"
#include "mq/amqp/table.hpp"
#include "mq/amqp/topology.hpp"
#include "util/error.hpp"
#include "util/log.hpp"
#include "util/text.hpp"

namespace airy::mq::amqp {
namespace {

constexpr std::size_t held_limit = 64 << 20;  // bytes of bodies, waiting or unconfirmed
constexpr int publish_burst = 64;             // messages written between two reads of confirms
constexpr std::chrono::milliseconds publisher_deadline{500};
// A connection that is lost later than this after the last message was written is not lost for it.
constexpr std::chrono::seconds blame_limit{10};
// Direct reply-to (https://www.rabbitmq.com/direct-reply-to.html): a consumer of this name, without
// acknowledgements, gets the replies to messages of its channel that have this reply_to.
constexpr std::string_view reply_address = "amq.rabbitmq.reply-to";

bool is_outcome(const PublisherEvent& event) noexcept {
    const auto* unroutable = std::get_if<Unroutable>(&event);
    return std::holds_alternative<Confirmed>(event) || std::holds_alternative<Refused>(event) ||
           (unroutable != nullptr && unroutable->sequence != 0);
}

}  // namespace

AmqpPublisher::AmqpPublisher(const Endpoint& endpoint, const PublisherOptions& options)
    : options_(options),
      window_(options.give_back),
      link_(endpoint, [this](Connection& connection) { prepare(connection); }) {
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
    if (options_.replies) message.properties.reply_to = reply_address;
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
    if (options_.replies) take_replies_on(connection);
    if (options_.confirm) {
        amqp_confirm_select(connection.state(), Connection::channel);
        connection.check_reply("cannot turn publisher confirms on");
        util::log_info("publisher confirms are on", {{"exchange", options_.exchange.name}});
    }
    frame_max_.store(static_cast<std::size_t>(amqp_get_frame_max(connection.state())));
}

void AmqpPublisher::take_replies_on(Connection& connection) {
    amqp_basic_consume(connection.state(), Connection::channel, bytes_of(reply_address),
                       amqp_empty_bytes, 0, 1, 0, amqp_empty_table);
    connection.check_reply("cannot take replies");
}

void AmqpPublisher::serve() {
    try {
        while (true) {
            try {
                loss_ = {};
                writing_ = false;
                serve_connection();
                link_->close(service_.close_deadline());
                return;
            } catch (const Error&) {
                take_back_unconfirmed();
                if (loss_.ending == Ending::channel && reopen_channel()) {
                    if (options_.replies) tell_of_new_channel(std::current_exception());
                    continue;
                }
                // The broker answers, and each answer brings the search for the cause to its end.
                if (loss_.ending == Ending::connection) link_.progressed();
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
        const auto due = may_write() ? util::steady_now() : util::SteadyTime::max();
        if (service_.wait_readable(*link_, inbox, due)) read_frames();
        if (!blocked_) write_backlog();
    }
    if (!options_.confirm) await_last_answer();
}

// The channel works in order: once it has answered a later call, it has closed for a message sent
// before that it refuses, or has returned those that no queue takes.
void AmqpPublisher::await_last_answer() {
    const auto deadline = service_.close_deadline();
    const auto whole = std::chrono::floor<std::chrono::seconds>(deadline);
    const timeval timeout{whole.count(), std::chrono::microseconds(deadline - whole).count()};
    amqp_set_rpc_timeout(link_->state(), &timeout);
    // basic.qos changes nothing here: the channel has no consumer.
    if (amqp_basic_qos(link_->state(), Connection::channel, 0, 1, 0) != nullptr)
        return read_frames();
    const auto reply = amqp_get_rpc_reply(link_->state());
    const auto error = from_reply(reply, "cannot publish");
    const bool refused = reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION &&
                         reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD;
    throw Error(refused ? Reason::publish_refused : Reason::unreachable, error.what(), error.hint())
        .as_permanent();
}

// False when a new connection is needed, which then tells why if it is not to be had.
bool AmqpPublisher::reopen_channel() {
    try {
        link_.reopen_channel();
        return true;
    } catch (const Error&) {
        return false;
    }
}

// The replies to messages of the former channel go nowhere.
void AmqpPublisher::tell_of_new_channel(std::exception_ptr cause) {
    outbox_.put(Interrupted{std::move(cause)});
    outbox_.put(Restored{});
}

// Messages without an outcome are published again on the next channel, in the same order.
void AmqpPublisher::take_back_unconfirmed() {
    const bool was_blocked = blocked_;
    if (loss_.ending != Ending::channel && std::exchange(blocked_, false))
        events_.push_back(Unblocked{});
    hand_over();
    assembler_ = {};
    if (!link_.renewable()) return;
    auto again = window_.restart();
    backlog_.insert(backlog_.begin(), std::make_move_iterator(again.begin()),
                    std::make_move_iterator(again.end()));
    const bool too_late = util::steady_now() - written_at_ > blame_limit;
    if (loss_.ending == Ending::silent && (was_blocked || too_late))
        loss_.ending = Ending::unrelated;
    if (finds_cause()) look_for_cause(again.size() + (writing_ ? 1 : 0));
}

// The first messages of the backlog were on the way.
void AmqpPublisher::look_for_cause(std::size_t on_the_way) {
    if (on_the_way == 0) return;
    auto& oldest = backlog_.front();
    if (!suspects_.ended(loss_.ending, oldest.sequence, backlog_[on_the_way - 1].sequence)) return;
    held_bytes_.fetch_sub(oldest.message.body.size());
    events_.push_back(Refused{
        oldest.sequence,
        loss_.ending == Ending::silent
            ? std::string("each connection was lost that it was sent on")
            : fmt::format("the broker closes the {} for it: {}",
                          loss_.ending == Ending::channel ? "channel" : "connection", loss_.words),
        {},
        loss_.forbidden});
    backlog_.pop_front();
    hand_over();
}

// A suspect is on the way alone.
bool AmqpPublisher::may_write() const noexcept {
    return !backlog_.empty() && !blocked_ && !service_.closing() &&
           (window_.size() == 0 || !suspects_.must_go_alone(window_.oldest()));
}

void AmqpPublisher::write_backlog() {
    auto messages = inbox_.take();
    backlog_.insert(backlog_.end(), std::make_move_iterator(messages.begin()),
                    std::make_move_iterator(messages.end()));
    for (int burst = 1; may_write(); ++burst) {
        write_first();
        if (burst % publish_burst == 0) read_frames();
    }
    hand_over();
}

void AmqpPublisher::write_first() {
    writing_ = true;
    try {
        publish(backlog_.front());  // stays there when it throws
    } catch (const Error&) {
        try {
            read_frames();  // the broker may have told why it reads no more
        } catch (const Error&) {
            if (!loss_.words.empty()) throw;
        }
        throw;
    }
    writing_ = false;
    backlog_.pop_front();
}

void AmqpPublisher::publish(Numbered& next) {
    auto& message = next.message;
    const auto properties = properties_to(message, pool_);
    link_->check_sent(amqp_basic_publish(
        link_->state(), Connection::channel, bytes_of(message.exchange), bytes_of(message.topic),
        options_.mandatory, 0, &properties, bytes_of(message.body)));
    recycle_amqp_pool(&pool_);
    written_at_ = util::steady_now();
    if (!options_.confirm) {
        held_bytes_.fetch_sub(message.body.size());
        events_.push_back(Confirmed{next.sequence});
        return;
    }
    const auto fingerprint = ConfirmWindow::fingerprint(
        message.topic, message.properties.message_id.value_or(std::string()), message.body);
    if (!keeps_messages()) {
        held_bytes_.fetch_sub(message.body.size());
        message = {};
    }
    window_.published(fingerprint, std::move(next));
}

void AmqpPublisher::read_frames() {
    amqp_frame_t frame;
    while (link_->next_frame(frame)) {
        if (is_close(frame)) closed(frame);
        if (assembler_.take(frame)) {
            if (auto content = assembler_.finished()) take_content(std::move(*content));
        } else if (frame.frame_type == AMQP_FRAME_METHOD) {
            take_method(frame);
        }
        link_->release_buffers();
    }
    hand_over();
}

// When the broker closes the channel for a message, it has refused the message, whatever the code
// means elsewhere.
void AmqpPublisher::closed(const amqp_frame_t& frame) {
    const auto close = close_of(frame);
    loss_.words = fmt::format("{} {}", close.code, util::printable(close.text, 400));
    loss_.forbidden = close.code == AMQP_ACCESS_REFUSED;
    loss_.ending = Ending::unrelated;
    if (finds_cause() && (window_.size() > 0 || writing_))
        loss_.ending = ending_by(close.of_channel, close.code, close.text);
    try {
        throw_close(*link_, frame, "cannot publish");
    } catch (const Error& error) {
        if (loss_.ending != Ending::unrelated)  // the other messages may go on: not permanent
            throw Error(error.reason(), error.what(), error.hint());
        if (!close.of_channel) throw;
        if (close.code == AMQP_ACCESS_REFUSED)
            throw Error(Reason::publish_forbidden, error.what(), error.hint()).as_permanent();
        if (close.code == AMQP_PRECONDITION_FAILED)
            throw Error(Reason::publish_refused, error.what(), "the broker says why")
                .as_permanent();
        throw;
    }
}

void AmqpPublisher::take_method(const amqp_frame_t& frame) {
    const auto& method = frame.payload.method;
    const auto kept = window_.bytes();
    const auto open = window_.size();
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
    if (window_.size() < open) link_.progressed();
}

void AmqpPublisher::take_content(ContentAssembler::Content content) {
    if (content.return_code != 0) return take_return(std::move(content));
    auto reply = std::make_shared<Delivered>();
    reply->message = std::move(content.message);
    reply->queue = reply_address;
    reply->received_at = util::system_clock().now();
    events_.push_back(Reply{std::move(reply)});
    link_.progressed();
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
