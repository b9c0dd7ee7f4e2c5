// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "mq/work_queue.hpp"
#include "util/clock.hpp"
#include "work/handler.hpp"
#include "work/in_flight.hpp"
#include "work/observer.hpp"
#include "work/policy.hpp"

namespace airy::work {

// The outcomes of messages since the start. Written by the loop thread, read by any.
struct SettlementCounts {
    std::atomic<std::uint64_t> handled{0};        // acked
    std::atomic<std::uint64_t> failed{0};         // handler results that were not success
    std::atomic<std::uint64_t> retried{0};        // for another attempt: after a delay, or put back
    std::atomic<std::uint64_t> dead_lettered{0};  // given up and kept
    std::atomic<std::uint64_t> discarded{0};      // given up and not kept
    std::atomic<std::uint64_t> duplicates{0};     // acked without handling
    std::atomic<std::uint64_t> not_handled{0};    // begun or taken, and given back
};

// Decides by the policy about a message whose handler has ended, and has the work queue carry the
// decision out. Holds back messages that would come again too soon. Loop thread, except `counts`.
class Settler {
  public:
    // All outlive this.
    Settler(mq::WorkQueue& queue, InFlight& in_flight, ConsumerObserver& observer,
            const RetryPolicy& policy, const util::Clock& clock);

    Decision decide(const mq::Delivered& delivered, const HandlerResult& result) const;
    // A void delivery is neither settled nor counted, since the broker delivers it again.
    void carry_out(mq::Delivered&& delivered, const HandlerResult& result, const Decision& decision,
                   const Course& course);
    // Acks a message that had been handled before.
    void skip(const mq::Delivered& duplicate);
    // Puts a message that no handler has seen back into its queue.
    void give_back(const mq::Delivered& delivered);
    // The same for a message that is to come again.
    void renew(const mq::Delivered& delivered) { settle(delivered, mq::Requeue{.counts = false}); }

    // The outcome of a retry or dead letter. The work queue cannot carry out some retries: such a
    // message is held here for its delay, then handled again, as one with Action::keep is. A dead
    // letter is tried again later.
    void take(const mq::Settled& settled);
    // Returns the error for which the consumer must end: trying again cannot help.
    std::optional<Error> take(const mq::NotSettled& not_settled);

    // Deliveries have become void: drops those that are held or wait for their outcome.
    void interrupted();

    // Lets go of the messages that have been held for long enough: puts them back, or tries their
    // dead letter again. Tells whether there were any.
    bool release_due();
    // Those of them that are to be handled again.
    std::vector<mq::Delivered> take_again() { return std::exchange(again_, {}); }
    // Puts back all held deliveries, and holds none from now on.
    void release_all();
    // The work queue is closed: messages without an outcome go back to their queue.
    void closed();

    // The time when `release_due` or `idle` may change without an event; `max`: never.
    util::SteadyTime next_due() const;
    // No delivery is held, none waits for an outcome, and no retry is on its way back: the queue is
    // empty if the broker says so.
    bool idle() const;
    // Messages that are held back.
    std::size_t held() const noexcept { return held_.size(); }
    // Retries and dead letters without an outcome.
    std::size_t outstanding() const noexcept { return outstanding_.size() + unkept_; }
    // Messages that were acked, dead-lettered or discarded.
    std::uint64_t done() const noexcept {
        return counts_.handled + counts_.dead_lettered + counts_.discarded;
    }
    const SettlementCounts& counts() const noexcept { return counts_; }

  private:
    struct Outstanding {
        mq::Delivered delivered;
        Action action = Action::retry;  // or dead_letter
        std::chrono::milliseconds delay{0};
        Course course{};
        mq::FailureAccount account{};
        std::chrono::milliseconds at_most{0};  // of the delay
    };
    enum class Next : std::uint8_t { put_back, handle_again, settle_again };
    struct Held {
        Outstanding message;
        Next next = Next::put_back;
    };
    void carry_out_copy(mq::Delivered&& delivered, const HandlerResult& result,
                        const Decision& decision, const Course& course);
    void keep(mq::Delivered&& delivered, const HandlerResult& result, const Decision& decision,
              const Course& course);
    void settle(const mq::Delivered& delivered, mq::Settlement settlement);
    void settle_copy(Outstanding&& message);
    void put_back(mq::Delivered&& delivered, std::chrono::milliseconds delay);
    void hold(Outstanding&& message, Next next, std::chrono::milliseconds delay);
    void let_go(Held&& held);
    void lose(const mq::Delivered& delivered, const Course& course);

    mq::WorkQueue& queue_;
    InFlight& in_flight_;
    ConsumerObserver& observer_;
    const RetryPolicy policy_;
    const util::Clock& clock_;
    std::multimap<util::SteadyTime, Held> held_;  // by the time to let them go
    std::size_t unkept_ = 0;                      // in held_, with Next::settle_again
    std::vector<mq::Delivered> again_;
    std::map<mq::DeliveryHandle, Outstanding> outstanding_;
    util::SteadyTime last_retry_due_{};  // when the last retry will have come back
    bool holding_ = true;
    SettlementCounts counts_;
};

}  // namespace airy::work
