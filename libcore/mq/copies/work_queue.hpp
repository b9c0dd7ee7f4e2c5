// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "mq/broker.hpp"
#include "mq/copies/courier.hpp"
#include "mq/copies/return_counts.hpp"
#include "mq/work_queue.hpp"
#include "util/poll_set.hpp"

namespace airy::mq::copies {

// A work queue on a broker of AMQP's kind: a subscription to the queue, and copies of failed
// messages in retry queues, from which the broker hands them back, and in the dead-letter queue. A
// delivery is acked once its copy is confirmed, so that at worst both exist.
class CopyingWorkQueue final : public WorkQueue {
  public:
    // Declares, or checks, the queue. `broker` outlives this. Throws as Broker does.
    CopyingWorkQueue(Broker& broker, const WorkQueueSpec& spec);

    // The delivery limit of a queue that another has declared; 0: none, or its owner's.
    void heed_limit(unsigned limit) noexcept { limit_there_ = limit; }

    const std::string& name() const noexcept override { return spec_.name; }
    void begin() override;
    unsigned delivery_limit() const noexcept override;
    bool retries() const noexcept override { return courier_.has_value(); }
    int event_fd() const noexcept override { return events_.fd(); }
    std::vector<WorkQueueEvent> take() override;
    void set_prefetch(std::uint16_t most) override { subscription_->set_prefetch(most); }
    void settle(const Delivered& delivered, Settlement settlement) override;
    std::uint64_t count() override { return subscription_->count(); }
    void stop() override { subscription_->stop(); }
    bool close(std::chrono::milliseconds deadline) noexcept override;

  private:
    enum class Purpose : std::uint8_t {
        retry,
        dead_letter,
        bare_dead_letter,  // without its account
        renewal,           // the broker counts the returns anew
    };
    // A delivery whose copy is on its way.
    struct Leaving {
        DeliveryHandle handle;
        Purpose purpose;
    };

    void carry_out(const Delivered& delivered, const Ack&);
    void carry_out(const Delivered& delivered, const Requeue& requeue);
    void carry_out(const Delivered& delivered, const RetryAfter& retry);
    void carry_out(const Delivered& delivered, const DeadLetter& death);
    void note_past(Delivered& delivered) const;
    bool must_be_renewed(const Delivered& delivered) const;
    void send(DeliveryHandle handle, Purpose purpose, event::Message copy,
              std::optional<QueueSpec> into);
    void conclude(Courier::Sent sent, std::vector<WorkQueueEvent>& out);
    void conclude_failed(const Leaving& leaving, Courier::Sent sent,
                         std::vector<WorkQueueEvent>& out);
    void finish_copies(std::chrono::milliseconds deadline);
    void forget_part(std::uint64_t part);

    Broker& broker_;
    const WorkQueueSpec spec_;
    unsigned limit_there_ = 0;
    std::unique_ptr<Subscription> subscription_;  // null before `begin`
    std::optional<Courier> courier_;              // absent for an ephemeral queue
    ReturnCounts returns_;
    std::map<std::uint64_t, Leaving> leaving_;  // by the courier's id
    std::uint64_t last_id_ = 0;
    std::vector<WorkQueueEvent> settled_;  // settled at once, without a copy
    util::Wakeup settled_wakeup_;          // signalled while settled_ holds something
    std::minstd_rand random_;
    util::PollSet events_;
};

}  // namespace airy::mq::copies
