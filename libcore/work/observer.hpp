// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "mq/delivery.hpp"
#include "mq/reconnect.hpp"
#include "util/clock.hpp"
#include "util/error.hpp"
#include "work/handler.hpp"
#include "work/policy.hpp"
#include "work/status.hpp"

namespace airy::work {

// A consumer's conclusion about one delivery.
enum class Conclusion : std::uint8_t {
    ack,
    retry,  // for another attempt: after a delay, or put back
    dead_letter,
    discard,
    give_back,  // not handled
    duplicate,  // acked without handling, since the message had been handled before
    lost,       // its connection was lost meanwhile; the broker delivers it again
};

// The name as above; as in airy_messages_total.
std::string_view to_string(Conclusion conclusion) noexcept;

// How long one message took on its way to its verdict.
struct Course {
    std::chrono::nanoseconds wait{};  // from its arrival until its handler began
    std::chrono::nanoseconds run{};   // of the handler
};

// Receives the events of a consumer as they happen, on the loop thread; must return quickly. The
// references hold during the call.
class ConsumerObserver {
  public:
    virtual ~ConsumerObserver() = default;

    virtual void state_changed(ConsumerState) {}

    // A handler begins with a batch; `run` is the number of this run. `since` holds each message's
    // arrival.
    virtual void began(std::uint64_t /*run*/, std::span<const mq::Delivered> /*batch*/,
                       std::span<const util::SteadyTime> /*since*/) {}
    // The handler has ended; the conclusions of the batch follow, unless it is not `handled` since
    // the handler's service is absent.
    virtual void ended(std::uint64_t /*run*/, std::span<const mq::Delivered> /*batch*/,
                       std::chrono::nanoseconds /*took*/, bool /*handled*/) {}
    // The handler failed on a message.
    virtual void failed(const mq::Delivered&, const HandlerResult&, const Decision&) {}
    // Each delivery has one conclusion, except those that waited when their connection was lost or
    // when the consumer stopped.
    virtual void concluded(const mq::Delivered&, Conclusion, const Course&) {}

    // Duplicates are looked for, and this message is the first that nothing identifies.
    virtual void without_id(const mq::Delivered&) {}
    // Keys are looked for, and this message is the first that has none.
    virtual void without_key(const mq::Delivered&) {}

    // The copy of a failed message is safe; `after` is the time from publishing until the confirm.
    virtual void copied(std::chrono::nanoseconds /*after*/) {}
    // The work queue could not carry out a retry, or a dead letter.
    virtual void not_settled(const mq::Delivered&, Action, const Error&) {}

    virtual void breaker_opened(std::chrono::seconds /*pause*/, const mq::Delivered& /*last*/) {}
    virtual void breaker_closed() {}
    // A handler found its service absent for this reason; `first`: it was there until now, or
    // nobody had asked for it.
    virtual void service_absent(std::chrono::seconds /*pause*/, const mq::Delivered& /*last*/,
                                std::string_view /*reason*/, bool /*first*/) {}
    virtual void service_present() {}

    // `first`: there was a connection until now.
    virtual void interrupted(const mq::Interrupted&, bool /*first*/) {}
    virtual void restored(std::uint64_t /*reconnects*/) {}

    // The drain time is over, and so many messages are still being handled.
    virtual void drain_time_over(std::size_t /*messages*/) {}
};

// Tells each of several observers, in the order in which they were added.
class Observers final : public ConsumerObserver {
  public:
    void add(ConsumerObserver& observer) { all_.push_back(&observer); }

    void state_changed(ConsumerState state) override;
    void began(std::uint64_t run, std::span<const mq::Delivered> batch,
               std::span<const util::SteadyTime> since) override;
    void ended(std::uint64_t run, std::span<const mq::Delivered> batch,
               std::chrono::nanoseconds took, bool handled) override;
    void failed(const mq::Delivered& delivered, const HandlerResult& result,
                const Decision& decision) override;
    void concluded(const mq::Delivered& delivered, Conclusion conclusion,
                   const Course& course) override;
    void without_id(const mq::Delivered& delivered) override;
    void without_key(const mq::Delivered& delivered) override;
    void copied(std::chrono::nanoseconds after) override;
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
    std::vector<ConsumerObserver*> all_;
};

}  // namespace airy::work
