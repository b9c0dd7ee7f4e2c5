// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "util/clock.hpp"
#include "work/observer.hpp"

namespace airy::work {

// Writes the events of a consumer to the log.
class ConsumerLog final : public ConsumerObserver {
  public:
    // each_message: also a line for each message that is settled. The clock outlives this.
    ConsumerLog(std::string consumer, bool each_message, const util::Clock& clock)
        : consumer_(std::move(consumer)), each_message_(each_message), clock_(clock) {}

    void failed(const mq::Delivered& delivered, const HandlerResult& result,
                const Decision& decision) override;
    void concluded(const mq::Delivered& delivered, Conclusion conclusion,
                   const Course& course) override;
    void without_id(const mq::Delivered& delivered) override;
    void without_key(const mq::Delivered& delivered) override;
    void not_settled(const mq::Delivered& delivered, Action action, const Error& error) override;
    void breaker_opened(std::chrono::seconds pause, const mq::Delivered& last) override;
    void breaker_closed() override;
    void service_absent(std::chrono::seconds pause, const mq::Delivered& last,
                        std::string_view reason, bool first) override;
    void service_present() override;
    void interrupted(const mq::Interrupted& event, bool first) override;
    void restored(std::uint64_t reconnects) override;
    void drain_time_over(std::size_t messages) override;

  private:
    const std::string consumer_;
    const bool each_message_;
    const util::Clock& clock_;
    util::SteadyTime failures_since_{};  // when the current second of failures began
    unsigned failures_ = 0;              // in that second
};

}  // namespace airy::work
