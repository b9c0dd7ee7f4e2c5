// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "mq/delivery.hpp"
#include "util/clock.hpp"
#include "util/rate_limit.hpp"
#include "work/breaker.hpp"
#include "work/dedup.hpp"
#include "work/handler.hpp"
#include "work/in_flight.hpp"

namespace airy::work {

// Messages that one slot works on; elements i of all vectors belong to the same message.
struct Batch {
    std::vector<mq::Delivered> deliveries;
    std::vector<util::SteadyTime> since;  // each message's arrival
    std::vector<HandlerResult> results;
    Breaker::Probe probe = 0;
    // Messages handled before; they are acked without handling.
    std::vector<mq::Delivered> duplicates;
};

struct IntakeOptions {
    std::optional<std::chrono::nanoseconds> dedup{};  // how long a handled id is known
    std::optional<double> rate{};                     // handlers started a second, at most
    unsigned break_after = 0;                         // failures in a row; 0: any number
};

// The messages that were taken from the broker and wait for a slot, in the queue's order. Decides
// which of them may start, by rate, circuit breaker and the ids of handled messages. Loop thread,
// except `waiting`.
class Intake {
  public:
    // Both outlive this.
    Intake(const IntakeOptions& options, InFlight& in_flight, const util::Clock& clock);

    // A message has come.
    void add(mq::Delivered delivered);
    // True once: for the first message that duplicates cannot be found of, where they are looked
    // for.
    bool meets_without_id(const mq::Delivered& delivered);

    // The next messages that may start now, at most `most`. A second message of the same id is left
    // to the next batch; by then the outcome of the first is known.
    Batch next(std::size_t most);
    // The time when `next` may return a message, if one waits; `max`: only an outcome changes that.
    util::SteadyTime next_start();

    // For a batch that has waited for a slot: tells whether the circuit breaker still lets it
    // start, and moves messages handled meanwhile to its duplicates.
    bool may_still_start(const Batch& batch) const { return breaker_.lets_start(batch.probe); }
    void set_duplicates_aside(Batch& batch);
    // The batch continues to wait, before all others.
    void put_first(Batch& batch);
    // The batch never began.
    void forget(const Batch& batch) { breaker_.undecided(batch.probe); }

    // Takes the outcome of a message that had begun; tells whether it changed the circuit breaker.
    enum class Change : std::uint8_t { none, opened, closed, present };
    Change learn(const mq::Delivered& delivered, const Decision& decision, Breaker::Probe probe);

    // A message that had begun found its service absent, and goes to `put_first`. Tells whether
    // that opened the circuit breaker, or kept it open.
    bool service_absent(Breaker::Probe probe) { return breaker_.absent(probe, clock_.steady()); }
    bool waits_for_service() const noexcept { return breaker_.waits_for_service(); }

    // Deliveries have become void: drops the waiting ones.
    void interrupted();
    // Hands out all waiting messages, in order.
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
    bool is_duplicate(const std::string& id) { return dedup_->knows(id, clock_.steady()); }
    void count_waiting() { count_.store(waiting_.size(), std::memory_order_relaxed); }

    InFlight& in_flight_;
    const util::Clock& clock_;
    std::deque<Waiting> waiting_;
    std::optional<Dedup> dedup_;
    std::optional<util::RateLimit> rate_;
    Breaker breaker_;
    bool met_without_id_ = false;
    std::uint64_t arrivals_ = 0;
    std::atomic<std::size_t> count_{0};  // of waiting_
};

}  // namespace airy::work
