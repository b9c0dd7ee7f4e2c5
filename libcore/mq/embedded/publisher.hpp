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
// `outbox_`; the service thread owns the connection. The messages that arrive while one transaction
// goes to the disk become the next transaction, so that a stream of messages needs few flushes and
// a single message waits only for its own.
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
    Refused refused(const event::Message& message, std::uint64_t sequence) const;
    PublisherEvent store_one(Change& change, const event::Message& message, std::uint64_t sequence);
    void hand_over();

    const PublisherOptions options_;
    std::uint64_t submitted_ = 0;  // the caller's thread only
    std::atomic<std::size_t> in_flight_{0};
    std::atomic<std::size_t> waiting_bytes_{0};
    std::atomic<bool> lost_{false};
    util::Mailbox<event::Message> inbox_;
    util::Mailbox<PublisherEvent> outbox_;
    // Stored messages go back to the caller's thread, which allocated them and frees them: two
    // threads that use one arena of malloc wait for each other more than they work.
    std::mutex spent_mutex_;
    std::vector<std::vector<event::Message>> spent_;

    // The service thread's own.
    Store store_;
    Catalogue catalogue_;
    std::vector<PublisherEvent> events_;
    std::uint64_t written_ = 0;
    std::string meta_;
    bool full_ = false;             // the disk was full, and the log says so
    std::int64_t kept_bytes_ = 0;   // that the current transaction added to the retention log
    bool keeps_published_ = false;  // the file has a retention, as of the current transaction

    ServiceThread service_;  // last: it uses all of the above
};

}  // namespace airy::mq::embedded
