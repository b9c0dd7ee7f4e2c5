// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "mq/amqp/ack_ledger.hpp"
#include "mq/amqp/connection.hpp"
#include "mq/amqp/content.hpp"
#include "mq/amqp/service.hpp"
#include "mq/subscription.hpp"
#include "util/mailbox.hpp"

namespace airy::mq::amqp {

// Subscription over one connection. Callers fill `inbox_` and empty `outbox_`; the service thread
// owns the connection and everything below it. What waits in `outbox_` is bounded by the prefetch.
class AmqpSubscription final : public Subscription {
  public:
    AmqpSubscription(const Endpoint& endpoint, const SubscribeOptions& options);
    ~AmqpSubscription() override;

    const std::string& queue() const noexcept override { return queue_; }
    int event_fd() const noexcept override { return outbox_.fd(); }
    std::vector<SubscriptionEvent> take() override { return outbox_.take(); }
    void settle(DeliveryTag tag, Settlement settlement) override;
    void stop() override;
    bool close(std::chrono::milliseconds deadline) noexcept override;

  private:
    struct Command {
        std::uint64_t tag = 0;  // 0: only a wake-up, or the request to stop
        Settlement settlement = Settlement::ack;
        bool stop = false;
    };

    void subscribe(const SubscribeOptions& options);
    void serve();
    void serve_until_closed();
    void take_commands();
    void read_frames();
    void take_method(const amqp_frame_t& frame);
    void take_delivery(ContentAssembler::Content content);
    void send_settlements();

    const std::uint64_t generation_;
    std::string queue_;
    std::atomic<bool> flushed_{false};  // the broker has seen every settlement
    util::Mailbox<Command> inbox_;
    util::Mailbox<SubscriptionEvent> outbox_;

    // The service thread's own.
    Connection connection_;
    AckLedger ledger_;
    ContentAssembler assembler_;
    std::vector<SubscriptionEvent> events_;
    std::string consumer_tag_;

    ServiceThread service_;  // last: it uses all of the above
};

}  // namespace airy::mq::amqp
