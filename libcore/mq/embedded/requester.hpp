// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include "mq/embedded/publisher.hpp"
#include "mq/embedded/subscription.hpp"
#include "util/poll_set.hpp"

namespace airy::mq::embedded {

// Publisher with an address for replies: an exclusive queue, which its own subscription reads and
// which goes with that. The caller's thread only.
class EmbeddedRequester final : public Publisher {
  public:
    EmbeddedRequester(const Location& location, const PublisherOptions& options);

    std::uint64_t try_submit(event::Message& message) override;
    int event_fd() const noexcept override { return events_.fd(); }
    std::vector<PublisherEvent> take() override;
    std::size_t in_flight() const noexcept override { return publisher_.in_flight(); }
    void close(std::chrono::milliseconds deadline) noexcept override;

  private:
    EmbeddedSubscription replies_;
    EmbeddedPublisher publisher_;
    bool lost_ = false;
    util::PollSet events_;
};

}  // namespace airy::mq::embedded
