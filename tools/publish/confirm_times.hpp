// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "mq/publisher.hpp"
#include "pool/histogram.hpp"
#include "util/clock.hpp"

namespace airy::tools::publish {

// How long the broker takes to confirm, in a file for Prometheus' textfile collector. Main thread.
class ConfirmTimes {
  public:
    // `path` empty: measures and writes nothing. Otherwise writes the file, so that a place that
    // cannot be written is known before anything is sent: throws Error{usage}.
    ConfirmTimes(std::string path, std::string exchange);

    void submitted();  // the next sequence number was given out
    void take(const mq::PublisherEvent& event);

    // Writes the file when that is due, ten seconds after the last time. What cannot be written is
    // warned of, once: the events are published all the same.
    void write_when_due() noexcept;
    // For poll: until there is something to be written; -1: nothing is.
    int due_in() const;
    void write() noexcept;

  private:
    void write_file();

    const std::string path_;
    const std::string exchange_;
    pool::Histogram times_;
    std::uint64_t base_ = 1;             // sequence number of open_.front()
    std::deque<util::SteadyTime> open_;  // when each was sent; the epoch: it has its outcome
    std::uint64_t written_ = 0;          // confirms that are in the file
    util::SteadyTime written_at_{};
    bool failed_ = false;
};

}  // namespace airy::tools::publish
