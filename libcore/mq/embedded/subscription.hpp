// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "mq/embedded/change.hpp"
#include "mq/embedded/messages.hpp"
#include "mq/embedded/service.hpp"
#include "mq/embedded/sessions.hpp"
#include "mq/embedded/watch.hpp"
#include "mq/subscription.hpp"
#include "util/mailbox.hpp"

namespace airy::mq::embedded {

// Subscription over one connection to the file and a session of its own. Callers fill `inbox_` and
// empty `outbox_`; the service thread owns the rest. It looks at the file when it is woken: by who
// has put messages into its queue, by settlements that make room, by the end of another session.
class EmbeddedSubscription final : public Subscription {
  public:
    EmbeddedSubscription(const Location& location, const SubscribeOptions& options);
    ~EmbeddedSubscription() override;

    const std::string& queue() const noexcept override { return queue_; }
    int event_fd() const noexcept override { return outbox_.fd(); }
    std::vector<SubscriptionEvent> take() override { return outbox_.take(); }
    void set_prefetch(std::uint16_t most) override;
    void settle(DeliveryHandle delivery, Disposition disposition) override;
    void stop() override;
    bool close(std::chrono::milliseconds deadline) noexcept override;

  private:
    struct Command {
        std::uint64_t tag = 0;  // 0: only a wake-up, or the request to stop
        Disposition disposition = Disposition::ack;
        bool stop = false;
        bool damaged = false;  // nobody was given it
        std::optional<std::uint16_t> prefetch{};
    };

    struct Held {
        std::int64_t key = 0;
        bool settled = false;
    };

    void subscribe(const SubscribeOptions& options);
    std::int64_t make_own_queue(Change& change, const SubscribeOptions& options);
    void serve();
    void serve_until_closed();
    void finish();
    void wait();
    void refresh_watch();
    void look_after_tick();
    void take_commands();
    bool work_to_do();
    void work();
    void settle_pending(Change& change, QueueCounts& queue);
    void forget_runs(Change& change, QueueCounts& queue, std::vector<std::int64_t> keys);
    std::vector<StoredMessage> take_share(Change& change, QueueCounts& queue);
    std::size_t share(Change& change, const QueueCounts& queue) const;
    void add_delivery(StoredMessage stored, bool quorum);
    void withhold(std::uint64_t tag);
    void forget_settled();
    QueueCounts* my_queue(Change& change);
    std::size_t room() const noexcept;

    const std::uint64_t generation_;
    const bool settle_at_once_;
    std::string queue_;
    std::atomic<bool> flushed_{false};  // every settlement is stored
    util::Mailbox<Command> inbox_;
    util::Mailbox<SubscriptionEvent> outbox_;

    // The service thread's own.
    std::size_t prefetch_;
    Store store_;
    Catalogue catalogue_;
    Session session_;
    std::optional<Watch> watch_;
    std::int64_t queue_id_ = 0;
    std::int64_t queue_birth_ = 0;
    std::map<std::uint64_t, Held> held_;  // by tag
    std::set<std::int64_t> leases_;       // their first keys
    std::vector<std::int64_t> ended_;     // leases that end with this change
    std::vector<Command> pending_;        // settled, not stored
    util::SteadyTime first_pending_{};
    std::vector<SubscriptionEvent> events_;
    std::uint64_t last_tag_ = 0;
    std::int64_t last_key_ = 0;
    util::SteadyTime roll_call_at_{};
    bool look_ = true;         // there may be messages
    bool registered_ = false;  // the file says that this consumer waits
    bool left_some_ = false;   // for others, who may not come for it
    bool stopped_ = false;
    bool gone_ = false;  // the queue is

    ServiceThread service_;  // last: it uses all of the above
};

}  // namespace airy::mq::embedded
