// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/io_context.hpp>

#include "util/fd.hpp"
#include "work/output.hpp"
#include "work/status.hpp"

namespace airy::tools::consume {

// Writes a line with a consumer's status to stderr at each SIGUSR1. Make it before other threads
// start: they inherit the blocked signal, which stays blocked.
class StatusSignal {
  public:
    StatusSignal();
    StatusSignal(const StatusSignal&) = delete;
    StatusSignal& operator=(const StatusSignal&) = delete;

    // From now on, on the loop; called once. A signal that came before is served too. Consumer and
    // stream outlive the loop's run.
    void serve(boost::asio::io_context& loop, const work::ConsumerControl& consumer,
               work::OutputStream& err);

  private:
    util::Fd fd_;
};

}  // namespace airy::tools::consume
