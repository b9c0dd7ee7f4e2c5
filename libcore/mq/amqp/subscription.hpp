// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <optional>
#include <string>
#include <vector>

#include "mq/amqp/ack_ledger.hpp"
#include "mq/amqp/connection.hpp"
#include "mq/amqp/content.hpp"
#include "mq/amqp/link.hpp"
#include "mq/amqp/service.hpp"
#include "mq/subscription.hpp"
#include "util/mailbox.hpp"

namespace airy::mq::amqp {

// Subscription over one connection at a time. Callers fill `inbox_` and empty `outbox_`; the
// service thread owns the connection and the members below it. The prefetch bounds `outbox_`.
class AmqpSubscription final : public Subscription {
  public:
    AmqpSubscription(const Endpoint& endpoint, const SubscribeOptions& options);
    ~AmqpSubscription() override;

    const std::string& queue() const noexcept override { return *queue_.load(); }
    int event_fd() const noexcept override { return outbox_.fd(); }
    std::vector<SubscriptionEvent> take() override { return outbox_.take(); }
    void set_prefetch(std::uint16_t most) override;
    void settle(DeliveryHandle delivery, Disposition disposition) override;
    std::uint64_t count() override;
    void stop() override;
    bool close(std::chrono::milliseconds deadline) noexcept override;

  private:
    struct Command {
        DeliveryHandle handle;
        Disposition disposition = Disposition::ack;
        bool stop = false;
        std::optional<std::uint16_t> prefetch{};
        std::optional<std::uint64_t> count{};  // the number of the question
    };

    void subscribe(Connection& connection);
    void begin_to_consume(Connection& connection);
    void declare_own_queue(Connection& connection);
    void serve();
    void serve_connection();
    void finish();
    void take_commands();
    void want_prefetch(std::uint16_t prefetch);
    void consume_anew_when_full();
    void consume_anew();
    void ask_for_count(std::uint64_t question);
    void cancel_consumer();
    AckLedger new_ledger() const;
    void read_frames();
    void hand_over();
    void take_method(const amqp_frame_t& frame);
    void take_delivery(ContentAssembler::Content content);
    void send_settlements();

    const SubscribeOptions options_;
    // All names so far: references to former names stay valid. One more for each reconnect.
    std::list<std::string> queue_names_;
    std::atomic<const std::string*> queue_{nullptr};
    std::atomic<bool> flushed_{false};  // the broker has seen every settlement
    std::atomic<std::uint64_t> last_question_{0};
    util::Mailbox<Command> inbox_;
    util::Mailbox<SubscriptionEvent> outbox_;

    // The service thread's own.
    std::uint64_t generation_ = 0;  // of the connection; 0: none yet
    std::uint16_t prefetch_;
    AckLedger ledger_;
    ContentAssembler assembler_;
    std::deque<std::uint64_t> questions_;  // to which the broker owes a count
    std::vector<SubscriptionEvent> events_;
    std::size_t gathered_ = 0;       // bytes of the bodies in events_
    util::SteadyTime rest_until_{};  // the socket is not read before
    std::string consumer_tag_;
    std::uint64_t consumers_ = 0;          // made by consume_anew
    std::uint64_t first_of_consumer_ = 1;  // the tag of the consumer's first delivery
    struct NextConsumer {                  // another prefetch is wanted
        std::uint16_t prefetch;
        util::SteadyTime at_latest;
    };
    std::optional<NextConsumer> next_consumer_;
    bool ending_ = false;  // stopped or cancelled: a lost connection is not renewed

    ServiceThread service_;  // prepared before the broker is asked for messages
    Link link_;
};

}  // namespace airy::mq::amqp
