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

// Writes how long the broker takes to confirm, to a file for Prometheus' textfile collector. Main
// thread.
class ConfirmTimes {
  public:
    // `path` empty: measures and writes nothing. Otherwise writes the file now, so that a path that
    // cannot be written is known before the first publish: throws Error{usage}.
    ConfirmTimes(std::string path, std::string exchange);

    void submitted();  // the next sequence number has been given out
    void take(const mq::PublisherEvent& event);

    // Writes the file when it is due, ten seconds after the last write. Warns once when writing
    // fails: the events are published all the same.
    void write_when_due() noexcept;
    // For poll: milliseconds until the next write; -1: none is due.
    int due_in() const;
    void write() noexcept;

  private:
    void write_file();

    const std::string path_;
    const std::string exchange_;
    pool::Histogram times_;
    std::uint64_t base_ = 1;             // sequence number of open_.front()
    std::deque<util::SteadyTime> open_;  // the time of each publish; the epoch: it has its outcome
    std::uint64_t written_ = 0;          // confirms already in the file
    util::SteadyTime written_at_{};
    bool failed_ = false;
};

}  // namespace airy::tools::publish
