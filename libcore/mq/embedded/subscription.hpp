// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "mq/embedded/change.hpp"
#include "mq/embedded/lease_book.hpp"
#include "mq/embedded/messages.hpp"
#include "mq/embedded/service.hpp"
#include "mq/embedded/sessions.hpp"
#include "mq/embedded/watch.hpp"
#include "mq/subscription.hpp"
#include "util/mailbox.hpp"

namespace airy::mq::embedded {

// Subscription over one connection to the file and a session of its own. Callers fill `inbox_` and
// empty `outbox_`; the service thread owns the rest. It reads the file when something wakes it: a
// process that has put messages into the queue, settlements that make room, or the end of another
// session.
class EmbeddedSubscription final : public Subscription {
  public:
    EmbeddedSubscription(const Location& location, const SubscribeOptions& options);
    ~EmbeddedSubscription() override;

    const std::string& queue() const noexcept override { return queue_; }
    int event_fd() const noexcept override { return outbox_.fd(); }
    std::vector<SubscriptionEvent> take() override { return outbox_.take(); }
    void set_prefetch(std::uint16_t most) override;
    void settle(DeliveryHandle delivery, Disposition disposition) override;
    std::uint64_t count() override;
    void stop() override;
    bool close(std::chrono::milliseconds deadline) noexcept override;

  private:
    struct Prefetch {
        std::uint16_t most;
    };
    struct Settle {
        DeliveryHandle delivery;
        Disposition disposition;
    };
    struct Count {
        std::uint64_t question;
    };
    struct Stop {};
    struct WakeUp {};  // the service thread is to look at service_.closing()
    using Command = std::variant<WakeUp, Prefetch, Settle, Count, Stop>;

    void subscribe(const SubscribeOptions& options);
    std::int64_t make_own_queue(Change& change, const SubscribeOptions& options);
    void serve();
    void serve_until_closed();
    void finish();
    void wait();
    void refresh_watch();
    void look_after_tick();
    void take_commands();
    void carry_out(const Command& command);
    bool has_work() const;
    void work();
    bool may_take(Change& change, const QueueCounts& queue) const;
    std::size_t share(Change& change, const QueueCounts& queue) const;
    std::vector<StoredMessage> take_share(Change& change, QueueCounts& queue);
    void deliver(StoredMessage stored, bool quorum);
    QueueCounts* my_queue(Change& change);
    std::size_t room() const noexcept;

    std::string queue_;
    std::atomic<std::uint64_t> last_question_{0};
    std::uint64_t asked_ = 0;                // settlements; the caller's thread only
    std::atomic<std::uint64_t> settled_{0};  // of them, stored
    std::atomic<bool> flushed_{false};       // every settlement is stored
    util::Mailbox<Command> inbox_;
    util::Mailbox<SubscriptionEvent> outbox_;

    // The service thread's own.
    LeaseBook book_;
    std::uint64_t heard_ = 0;  // settlements taken from `inbox_`
    Store store_;
    Catalogue catalogue_;
    Session session_;
    std::optional<Watch> watch_;
    std::int64_t queue_id_ = 0;
    std::int64_t queue_birth_ = 0;
    std::vector<std::uint64_t> questions_;  // for the queue's ready messages
    std::vector<SubscriptionEvent> events_;
    util::SteadyTime roll_call_at_{};  // when the first subscription looks at all sessions again
    bool look_ = true;                 // the queue may hold ready messages
    bool registered_ = false;          // the file says that this consumer waits
    bool left_some_ = false;           // it left ready messages to the queue's other consumers
    bool stopped_ = false;
    bool queue_gone_ = false;

    ServiceThread service_;  // last: it uses all of the above
};

}  // namespace airy::mq::embedded
