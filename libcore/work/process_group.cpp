// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/process_group.hpp"

#include <sys/wait.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>

namespace airy::work {
namespace asio = boost::asio;
using asio::posix::stream_descriptor;
using boost::system::error_code;

ProcessGroup::ProcessGroup(asio::io_context& loop, Timers& timers,
                           std::chrono::nanoseconds kill_after)
    : timers_(timers), kill_after_(kill_after), pidfd_(loop), deadline_(timers.make([this] {
          if (!reaped_) on_deadline();
      })) {}

int ProcessGroup::adopt(int leader, util::Fd& pidfd) {
    leader_ = leader;
    error_code error;
    pidfd_.assign(pidfd.get(), error);
    if (error) return error.value();
    pidfd.release();
    return 0;
}

void ProcessGroup::time_out_after(std::chrono::nanoseconds time) {
    if (ending_ == Ending::by_itself) deadline_->set(timers_.clock().steady() + time);
}

void ProcessGroup::ask_to_end(Ending why) {
    if (ending_ != Ending::by_itself) return;
    end_with(why, SIGTERM);
    deadline_->set(timers_.clock().steady() + kill_after_);
}

void ProcessGroup::kill() {
    end_with(Ending::stop, SIGKILL);
}

// The leader is not reaped yet, so its number still names its group.
void ProcessGroup::end_with(Ending why, int signal) {
    if (reaped_) return;
    if (ending_ == Ending::by_itself) ending_ = why;
    ::kill(-leader_, signal);
}

void ProcessGroup::on_deadline() {
    if (ending_ == Ending::by_itself) {
        end_with(Ending::timeout, SIGTERM);
        deadline_->set(timers_.clock().steady() + kill_after_);
    } else {
        end_with(ending_, SIGKILL);
    }
}

asio::awaitable<siginfo_t> ProcessGroup::ended() {
    error_code ignored;
    co_await pidfd_.async_wait(stream_descriptor::wait_read,
                               asio::redirect_error(asio::use_awaitable, ignored));
    const siginfo_t info = reap();
    pidfd_.close(ignored);
    co_return info;
}

siginfo_t ProcessGroup::reap() {
    if (together_ || ending_ != Ending::by_itself) ::kill(-leader_, SIGKILL);
    siginfo_t info{};
    while (::waitid(P_PIDFD, static_cast<id_t>(pidfd_.native_handle()), &info, WEXITED) != 0 &&
           errno == EINTR) {
    }
    reaped_ = true;
    deadline_->cancel();
    return info;
}

}  // namespace airy::work
