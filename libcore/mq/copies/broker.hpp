// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include "mq/broker.hpp"
#include "mq/copies/last_return.hpp"
#include "mq/copies/letter.hpp"
#include "mq/copies/queues.hpp"
#include "mq/copies/transfer.hpp"
#include "mq/copies/work_queue.hpp"

namespace airy::mq::copies {

// A broker of AMQP's kind: makes work queues of publishers, subscriptions and queues declared with
// arguments. Looks into queues by taking messages and giving them back.
class CopyingBroker : public Broker {
  public:
    std::unique_ptr<WorkQueue> open_work_queue(const WorkQueueSpec& spec) final {
        auto queue = std::make_unique<CopyingWorkQueue>(*this, spec);
        // A message that a handler puts back again and again must not be lost to a limit that
        // nobody set: airy dead-letters it before. The queue is there by now.
        if (!spec.declare || spec.as_is) queue->heed_limit(unset_limit(spec.name));
        return queue;
    }
    QueueState declare_work_queue(const WorkQueueSpec& spec) final {
        return copies::declare_work_queue(*topology(), spec);
    }
    Look look_into(const std::string& queue, std::uint64_t limit,
                   const std::function<bool(const Delivered&)>& see,
                   util::SignalFd& signals) override {
        return copies::look_into(*this, return_rule(queue), queue, limit, see, signals);
    }
    Transferred transfer(const Transfer& what, util::SignalFd& signals) final {
        return copies::transfer(*this, return_rule(what.from), what, signals);
    }
    DeadLetterAccount account_of(const Delivered& letter) const final {
        return copies::account_of(letter.message);
    }

  protected:
    // The delivery limit that this queue has although nobody set one; 0: none.
    virtual unsigned unset_limit(const std::string& /*queue*/) { return 0; }
    // What becomes of messages that come back to this queue.
    virtual ReturnRule return_rule(const std::string& /*queue*/) { return {}; }
};

}  // namespace airy::mq::copies
