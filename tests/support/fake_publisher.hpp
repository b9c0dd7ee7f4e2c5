// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "mq/publisher.hpp"
#include "util/error.hpp"
#include "util/fd.hpp"

namespace airy::test {

// A publisher in memory that fails on command. One thread.
class FakePublisher final : public mq::Publisher {
  public:
    std::size_t window = 1000;
    bool answers = true;                   // an outcome for each message, at once
    std::optional<std::string> refusal{};  // Refused with this reason instead of Confirmed
    bool forbids = false;                  // and these are forbidden
    std::optional<Error> cannot_hold{};    // thrown by try_submit
    std::vector<event::Message> messages;  // all that were submitted
    std::uint64_t bytes = 0;               // bytes_sent

    std::uint64_t try_submit(event::Message& message) override {
        if (cannot_hold) throw *cannot_hold;
        if (lost_ || open_.size() >= window) return 0;
        messages.push_back(std::move(message));
        open_.push_back(messages.size());
        if (answers) answer();
        return messages.size();
    }
    int event_fd() const noexcept override { return wakeup_.fd(); }
    std::vector<mq::PublisherEvent> take() override {
        wakeup_.clear();
        return std::exchange(events_, {});
    }
    std::size_t in_flight() const noexcept override { return open_.size(); }
    std::uint64_t bytes_sent() const noexcept override { return bytes; }
    void close(std::chrono::milliseconds) noexcept override {}

    // Reports the outcome of each message that has none yet.
    void answer() {
        for (const auto sequence : std::exchange(open_, {})) {
            if (refusal)
                tell(mq::Refused{sequence, *refusal, {}, forbids});
            else
                tell(mq::Confirmed{sequence});
        }
    }
    void tell(mq::PublisherEvent event) {
        events_.push_back(std::move(event));
        wakeup_.signal();
    }
    void lose() {
        lost_ = true;
        tell(
            mq::Lost{std::make_exception_ptr(Error(ErrorKind::unreachable, "the broker is gone"))});
    }

  private:
    util::Wakeup wakeup_;
    std::vector<std::uint64_t> open_;
    std::vector<mq::PublisherEvent> events_;
    bool lost_ = false;
};

}  // namespace airy::test
