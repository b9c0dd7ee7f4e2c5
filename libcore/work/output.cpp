// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/output.hpp"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <utility>

#include "util/fd.hpp"

namespace airy::work {
namespace asio = boost::asio;
using boost::system::error_code;
namespace {

// A pipe that polls as writable takes this many bytes without blocking (PIPE_BUF of Linux).
constexpr std::size_t safe_write = 4096;

}  // namespace

OutputStream::OutputStream(asio::io_context& loop, Timers& timers, int fd)
    : timers_(timers), fd_(fd), kind_(Kind::direct), writable_(loop), progress_(loop) {
    progress_.expires_at(asio::steady_timer::time_point::max());
    struct stat info {};
    if (::fstat(fd, &info) != 0)
        fail(errno);
    else if (S_ISSOCK(info.st_mode))
        kind_ = Kind::socket;
    else if (S_ISFIFO(info.st_mode) || ::isatty(fd) == 1)
        kind_ = Kind::pollable;
}

void OutputStream::write(std::string_view text) {
    if (error_ != 0) return;
    accepted_ += text.size();
    if (pending() == 0) {
        // The usual case: the reader takes all, and nothing is copied.
        while (!text.empty() && !waiting_) {
            const long n = write_some(text);
            if (n < 0) return fail(errno);
            if (n == 0) break;
            taken_ += static_cast<std::uint64_t>(n);
            text.remove_prefix(static_cast<std::size_t>(n));
        }
    }
    if (text.empty()) return;
    buffer_.append(text);
    wait_writable();
}

// Bytes written, 0 when it would block, -1 with errno.
long OutputStream::write_some(std::string_view text) noexcept {
    for (;;) {
        long n = 0;
        if (kind_ == Kind::socket) {
            n = ::send(fd_, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        } else if (kind_ == Kind::direct) {
            n = ::write(fd_, text.data(), text.size());
        } else {
            pollfd writable{fd_, POLLOUT, 0};
            const int ready = ::poll(&writable, 1, 0);
            if (ready == 0) return 0;
            n = ready < 0 ? -1 : ::write(fd_, text.data(), std::min(text.size(), safe_write));
        }
        if (n >= 0) return n;
        if (errno == EAGAIN || errno == EWOULDBLOCK) return 0;
        if (errno != EINTR) return -1;
    }
}

void OutputStream::flush() {
    while (pending() > 0) {
        const long n = write_some(std::string_view(buffer_).substr(written_));
        if (n < 0) return fail(errno);
        if (n == 0) break;
        taken_ += static_cast<std::uint64_t>(n);
        written_ += static_cast<std::size_t>(n);
    }
    if (pending() == 0 || written_ > congestion_limit) {
        buffer_.erase(0, written_);
        written_ = 0;
    }
    if (pending() > 0) wait_writable();
    progress_.cancel();
}

// Asio makes a descriptor non-blocking while it waits on it, which would affect other processes
// that share it. So it waits on an epoll instance of ours, which is readable when the descriptor is
// writable.
int OutputStream::open_writable() {
    util::Fd epoll(::epoll_create1(EPOLL_CLOEXEC));
    epoll_event interest{};
    interest.events = EPOLLOUT;
    if (!epoll || ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, fd_, &interest) != 0) return errno;
    error_code error;
    writable_.assign(epoll.get(), error);
    if (error) return error.value();
    epoll.release();
    return 0;
}

void OutputStream::wait_writable() {
    if (waiting_) return;
    if (!writable_.is_open()) {
        if (const int error = open_writable(); error != 0) return fail(error);
    }
    waiting_ = true;
    writable_.async_wait(asio::posix::stream_descriptor::wait_read,
                         [this](const error_code& error) {
                             if (error) return;  // this stream may be destroyed
                             waiting_ = false;
                             flush();
                         });
}

void OutputStream::fail(int error) {
    error_ = error;
    buffer_.clear();
    written_ = 0;
    progress_.cancel();
}

void OutputStream::abandon_after(std::chrono::nanoseconds grace) {
    abandon_timer_ = timers_.make([this, grace, all = accepted_] {
        if (taken_ < all)
            abandon();
        else
            abandon_after(grace);  // the reader may still stall
    });
    abandon_timer_->set(timers_.clock().steady() + grace);
}

asio::awaitable<void> OutputStream::drained() {
    const auto all = accepted_;
    while (taken_ < all && error_ == 0) {
        error_code ignored;
        co_await progress_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
}

void OutputStream::when_progress(std::function<void()> resume) {
    progress_.async_wait([resume = std::move(resume)](const error_code&) { resume(); });
}

}  // namespace airy::work
