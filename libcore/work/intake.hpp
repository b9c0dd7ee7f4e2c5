// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "event/message_key.hpp"
#include "mq/delivery.hpp"
#include "util/clock.hpp"
#include "util/rate_limit.hpp"
#include "work/breaker.hpp"
#include "work/dedup.hpp"
#include "work/handler.hpp"
#include "work/in_flight.hpp"
#include "work/waiting_line.hpp"

namespace airy::work {

// Messages that one slot works on; elements i of all vectors belong to the same message.
struct Batch {
    std::vector<mq::Delivered> deliveries;
    std::vector<util::SteadyTime> since;  // each message's arrival
    std::vector<std::uint64_t> numbers;   // of the arrivals
    std::vector<HandlerResult> results;
    Breaker::Probe probe = 0;
    bool alone = false;  // each of the messages starts alone
    // Messages handled before; they are acked without handling.
    std::vector<mq::Delivered> duplicates;

    void add(Waiting&& waiting);
    void reserve(std::size_t messages);
    // Takes the message at this index out.
    mq::Delivered take_out(std::size_t index);
};

struct IntakeOptions {
    std::optional<std::chrono::nanoseconds> dedup{};  // how long a handled id is known
    std::optional<double> rate{};                     // handlers started a second, at most
    unsigned break_after = 0;                         // failures in a row; 0: any number
    bool by_priority = false;                         // higher priorities start first
    unsigned most_priority = highest_priority;        // of the queue; higher ones count as this
    // Messages of one key start one after another.
    std::optional<event::MessageKey> serial_by{};
    // Fewer messages than `next` may return start once the first of them has waited for so long.
    // The rate then counts batches.
    std::optional<std::chrono::nanoseconds> batch_wait{};
    // A message for which this is true starts alone, and waits for no others. Null: none.
    bool (*starts_alone)(const mq::Delivered&) = nullptr;
};

// The messages that were taken from the broker and wait for a slot, in the queue's order or by
// priority. Decides which of them may start, by key, rate, circuit breaker and the ids of handled
// messages. Loop thread, except `waiting`.
class Intake {
  public:
    // Both outlive this.
    Intake(const IntakeOptions& options, InFlight& in_flight, const util::Clock& clock);

    // A message has come. Returns the message where it is the first one without a key, though keys
    // are looked for; else null.
    const mq::Delivered* add(mq::Delivered delivered);
    // A message that had begun comes again: in its place where its key was kept for it.
    void add_again(mq::Delivered delivered);
    // True once: for the first message that duplicates cannot be found of, where they are looked
    // for.
    bool meets_without_id(const mq::Delivered& delivered);

    // The next messages that may start now, at most `most`, and of each key one. A second message
    // of the same id is left to the next batch; by then the outcome of the first is known.
    Batch next(std::size_t most);
    // The time when `next(most)` may return a message, if one waits; `max`: only an outcome changes
    // that.
    util::SteadyTime next_start(std::size_t most);

    // For a batch that has waited for a slot: tells whether the circuit breaker still lets it
    // start, and moves messages handled meanwhile to its duplicates.
    bool may_still_start(const Batch& batch) const { return breaker_.lets_start(batch.probe); }
    void set_duplicates_aside(Batch& batch);
    // The batch continues to wait, in its place: before all that came later.
    void put_first(Batch& batch);
    // The batch never began.
    void forget(const Batch& batch) { breaker_.undecided(batch.probe); }

    // Takes the outcome of a message that had begun, and frees its key, or keeps the key for the
    // message that comes again. Tells whether the outcome changed the circuit breaker.
    enum class Change : std::uint8_t { none, opened, closed, present };
    Change learn(const mq::Delivered& delivered, const Decision& decision, Breaker::Probe probe);

    // A message that had begun found its service absent, and goes to `put_first`. Tells whether
    // that opened the circuit breaker, or kept it open.
    bool service_absent(Breaker::Probe probe) { return breaker_.absent(probe, clock_.steady()); }
    bool waits_for_service() const noexcept { return breaker_.waits_for_service(); }

    // Deliveries have become void: drops the waiting ones. Void messages that were to come again do
    // not.
    void interrupted();
    // No message that is held comes again.
    void release_held();
    // Hands out the waiting messages in the order in which they came. Those behind a message of
    // their key that has begun stay, so that they do not go back to the queue before that one.
    std::vector<mq::Delivered> give_up();

    // An operator closes the circuit.
    void reset_breaker() { breaker_.reset(); }
    std::chrono::seconds pause() const noexcept { return breaker_.pause(); }

    bool empty() const noexcept { return line_.size() == 0; }
    // The earliest arrival of a message that may start.
    std::optional<util::SteadyTime> oldest() const;
    std::uint64_t arrivals() const noexcept { return arrivals_; }  // since the start
    std::size_t waiting() const noexcept { return count_.load(std::memory_order_relaxed); }

  private:
    bool is_alone(const Waiting& waiting) const {
        return waiting.alone || (starts_alone_ != nullptr && starts_alone_(waiting.delivered));
    }
    // Whether a batch of at most `most` messages is to start now.
    bool is_complete(std::size_t most, util::SteadyTime now) const;
    // When it is, without a further message.
    util::SteadyTime complete_at() const;
    bool is_duplicate(const std::string& id) { return dedup_->knows(id, clock_.steady()); }
    void count_waiting() { count_.store(line_.size(), std::memory_order_relaxed); }

    InFlight& in_flight_;
    const util::Clock& clock_;
    WaitingLine line_;
    std::optional<Dedup> dedup_;
    std::optional<util::RateLimit> rate_;
    const std::optional<std::chrono::nanoseconds> batch_wait_;
    bool (*const starts_alone_)(const mq::Delivered&);
    Breaker breaker_;
    bool met_without_id_ = false;
    std::uint64_t arrivals_ = 0;
    std::atomic<std::size_t> count_{0};  // of line_
};

}  // namespace airy::work
