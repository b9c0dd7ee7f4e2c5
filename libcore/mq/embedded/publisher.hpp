// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "mq/embedded/change.hpp"
#include "mq/embedded/service.hpp"
#include "mq/publisher.hpp"
#include "util/mailbox.hpp"

namespace airy::mq::embedded {

// Publisher over one connection to the file. The caller's thread fills `inbox_` and empties
// `outbox_`; the service thread owns the connection. What has gathered while one transaction went
// to the disk is the next one, so that a stream pays few flushes and a lone message none but its
// own.
class EmbeddedPublisher final : public Publisher {
  public:
    EmbeddedPublisher(const Location& location, const PublisherOptions& options);
    ~EmbeddedPublisher() override;

    std::uint64_t try_submit(event::Message& message) override;
    int event_fd() const noexcept override { return outbox_.fd(); }
    std::vector<PublisherEvent> take() override;
    std::size_t in_flight() const noexcept override { return in_flight_.load(); }
    void close(std::chrono::milliseconds deadline) noexcept override;

  private:
    void serve();
    void serve_until_closed();
    void publish_all(std::span<const event::Message> messages);
    void store_all(std::span<const event::Message> messages);
    PublisherEvent store_one(Change& change, const event::Message& message, std::uint64_t sequence);
    void hand_over();

    const PublisherOptions options_;
    std::uint64_t submitted_ = 0;  // the caller's thread only
    std::atomic<std::size_t> in_flight_{0};
    std::atomic<std::size_t> waiting_bytes_{0};
    std::atomic<bool> lost_{false};
    util::Mailbox<event::Message> inbox_;
    util::Mailbox<PublisherEvent> outbox_;
    // Stored messages go back to the caller's thread, which allocated them: two threads at one
    // arena of malloc wait for each other more than they work.
    std::mutex spent_mutex_;
    std::vector<std::vector<event::Message>> spent_;

    // The service thread's own.
    Store store_;
    Catalogue catalogue_;
    std::vector<PublisherEvent> events_;
    std::uint64_t written_ = 0;
    std::string meta_;
    bool full_ = false;             // there was no room, and that was told
    std::int64_t kept_bytes_ = 0;   // in the retention log, by the current transaction
    bool keeps_published_ = false;  // there is a retention, as of the current transaction

    ServiceThread service_;  // last: it uses all of the above
};

}  // namespace airy::mq::embedded
