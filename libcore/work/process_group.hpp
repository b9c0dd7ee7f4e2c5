// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <signal.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <chrono>
#include <cstdint>
#include <memory>

#include "util/fd.hpp"
#include "work/timers.hpp"

namespace airy::work {

// A process that leads a process group of its own, from its start until it is reaped. The whole
// group is ended: by SIGTERM, and by SIGKILL once `kill_after` has passed. Loop thread only;
// SIGCHLD must not be ignored.
class ProcessGroup {
  public:
    // The cause of the group's end.
    enum class Ending : std::uint8_t { by_itself, timeout, stop, cancel };

    ProcessGroup(boost::asio::io_context& loop, Timers& timers,
                 std::chrono::nanoseconds kill_after);
    ProcessGroup(const ProcessGroup&) = delete;
    ProcessGroup& operator=(const ProcessGroup&) = delete;

    // Takes a started process; 0 or an errno, and then may be called again.
    int adopt(int leader, util::Fd& pidfd);

    // Begins the timeout now; no effect once the group was told to end.
    void time_out_after(std::chrono::nanoseconds time);
    void ask_to_stop() { ask_to_end(Ending::stop); }
    void cancel() { ask_to_end(Ending::cancel); }
    void kill();
    // The rest of the group ends with its leader, also with one that ends by itself.
    void end_together() noexcept { together_ = true; }

    // Waits until the leader has ended and reaps it. Kills the rest of a group that was told to
    // end.
    boost::asio::awaitable<siginfo_t> ended();
    Ending ending() const noexcept { return ending_; }

  private:
    void ask_to_end(Ending why);
    void end_with(Ending why, int signal);
    void on_deadline();
    siginfo_t reap();

    Timers& timers_;
    const std::chrono::nanoseconds kill_after_;
    int leader_ = 0;
    boost::asio::posix::stream_descriptor pidfd_;
    Ending ending_ = Ending::by_itself;
    bool together_ = false;
    bool reaped_ = false;
    std::unique_ptr<Timer> deadline_;
};

}  // namespace airy::work
