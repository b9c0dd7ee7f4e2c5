// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>

#include "pool/histogram.hpp"
#include "util/clock.hpp"
#include "work/observer.hpp"
#include "work/status.hpp"

namespace airy::work {

// Counts events by the second of the last minute. Not thread-safe.
class RateMeter {
  public:
    explicit RateMeter(util::SteadyTime start) : start_(second_of(start)) {}

    void add(util::SteadyTime now, std::uint64_t n = 1);
    // Events per second, over the last 1, 10 and 60 whole seconds, or as many as there have been.
    Rates rates(util::SteadyTime now) const;

  private:
    static std::int64_t second_of(util::SteadyTime time);
    double rate(std::int64_t now, std::int64_t seconds) const;

    struct Slot {
        std::int64_t second = -1;
        std::uint64_t count = 0;
    };
    std::int64_t start_;
    std::array<Slot, 64> slots_{};
};

// The current work of a consumer, for its status: state, running handlers and their start times,
// last failures, pace and durations. Written by the loop thread, read by any.
class Activity final : public ConsumerObserver {
  public:
    // The clock outlives this; uptime counts from now on.
    explicit Activity(const util::Clock& clock);

    void state_changed(ConsumerState state) override { state_ = state; }
    void began(std::uint64_t run, std::span<const mq::Delivered> batch,
               std::span<const util::SteadyTime> since) override;
    void ended(std::uint64_t run, std::span<const mq::Delivered> batch,
               std::chrono::nanoseconds took, bool handled) override;
    void failed(const mq::Delivered& delivered, const HandlerResult& result,
                const Decision& decision) override;
    void concluded(const mq::Delivered& delivered, Conclusion conclusion,
                   const Course& course) override;
    void service_absent(std::chrono::seconds pause, const mq::Delivered& last,
                        std::string_view reason, bool first) override;
    void copied(std::chrono::nanoseconds after) override { confirm_.record(after); }
    void restored(std::uint64_t reconnects) override { reconnects_ = reconnects; }

    // Fills in the members that this class knows.
    void tell(ConsumerStatus& status) const;

  private:
    void note_failure(const mq::Delivered& delivered, std::string_view reason);

    struct Begun {
        RunningTask task;
        util::SteadyTime at;
    };

    const util::Clock& clock_;
    const util::SteadyTime started_;
    std::atomic<ConsumerState> state_{ConsumerState::starting};
    std::atomic<std::uint64_t> reconnects_{0};
    std::atomic<std::uint64_t> batches_{0};  // that were handled
    pool::Recorder wait_;
    pool::Recorder run_;
    pool::Recorder confirm_;
    mutable std::mutex mutex_;                // guards all below
    std::map<std::uint64_t, Begun> running_;  // by run, so the oldest first
    std::deque<RecentFailure> failures_;
    RateMeter handled_rate_;
    RateMeter failed_rate_;
};

}  // namespace airy::work
