// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "mq/delivery.hpp"
#include "util/clock.hpp"
#include "util/rate_limit.hpp"
#include "work/breaker.hpp"
#include "work/dedup.hpp"
#include "work/handler.hpp"
#include "work/in_flight.hpp"

namespace airy::work {

// Messages that one slot works on; element i of each vector is of the same message.
struct Batch {
    std::vector<mq::Delivered> deliveries;
    std::vector<util::SteadyTime> since;  // when each arrived
    std::vector<HandlerResult> results;
    Breaker::Probe probe = 0;
    // Passed over: they were handled before, and are to be acked.
    std::vector<mq::Delivered> duplicates;
};

struct IntakeOptions {
    std::optional<std::chrono::nanoseconds> dedup{};  // how long a handled message_id is known
    std::optional<double> rate{};                     // handlers started a second, at most
    unsigned break_after = 0;                         // failures in a row; 0: any number
};

// The messages that were taken from the broker and wait for a slot, in the queue's order; decides
// which of them may start, by rate, circuit breaker and the ids that were handled before. Loop
// thread, except `waiting`.
class Intake {
  public:
    // Both outlive this.
    Intake(const IntakeOptions& options, InFlight& in_flight, const util::Clock& clock);

    // A message has come.
    void add(mq::Delivered delivered);

    // The next messages that may start now, at most `most`. A second message of the same id is left
    // to the next batch, by when it is known what became of the first.
    Batch next(std::size_t most);
    // When `next` may have one, if one waits; `max` where only an outcome changes anything.
    util::SteadyTime next_start();

    // Of a batch that waited for a slot meanwhile: whether the circuit breaker still lets it start,
    // and moves to its duplicates what was handled meanwhile.
    bool may_still_start(const Batch& batch) const { return breaker_.lets_start(batch.probe); }
    void set_duplicates_aside(Batch& batch);
    // It waits on, before all others.
    void put_first(Batch& batch);
    // It never began.
    void forget(const Batch& batch) { breaker_.undecided(batch.probe); }

    // What became of a message that had begun; tells whether the circuit breaker changed by it.
    enum class Change : std::uint8_t { none, opened, closed };
    Change learn(const mq::Delivered& delivered, const Decision& decision, Breaker::Probe probe);

    // Deliveries have become void: drops those that wait.
    void interrupted();
    // Hands out all that wait, in order.
    std::vector<mq::Delivered> give_up();

    // An operator closes the circuit.
    void reset_breaker() { breaker_.reset(); }
    std::chrono::seconds pause() const noexcept { return breaker_.pause(); }

    bool empty() const noexcept { return waiting_.empty(); }
    std::uint64_t arrivals() const noexcept { return arrivals_; }  // since the start
    std::size_t waiting() const noexcept { return count_.load(std::memory_order_relaxed); }

  private:
    struct Waiting {
        mq::Delivered delivered;
        util::SteadyTime since;
    };
    bool is_duplicate(const mq::Delivered& delivered);
    void count_waiting() { count_.store(waiting_.size(), std::memory_order_relaxed); }

    InFlight& in_flight_;
    const util::Clock& clock_;
    std::deque<Waiting> waiting_;
    std::optional<Dedup> dedup_;
    std::optional<util::RateLimit> rate_;
    Breaker breaker_;
    std::uint64_t arrivals_ = 0;
    std::atomic<std::size_t> count_{0};  // of waiting_
};

}  // namespace airy::work
