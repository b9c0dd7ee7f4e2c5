// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "work/timers.hpp"

namespace airy::work {

// One of the process's own output streams, written without ever blocking the loop: text that the
// reader does not take yet waits here. The descriptor's flags, which it shares with other
// processes, stay unchanged. Loop thread only; SIGPIPE must be ignored. `fd` stays the caller's.
class OutputStream {
  public:
    OutputStream(boost::asio::io_context& loop, Timers& timers, int fd);

    // Appends text and writes as much as the reader takes. Dropped once broken.
    void write(std::string_view text);

    // Waiting bytes. Writers should pause while the stream is congested, to bound memory.
    std::size_t pending() const noexcept { return buffer_.size() - written_; }
    bool congested() const noexcept { return pending() > congestion_limit; }

    // 0, or the errno that ended writing for good: EPIPE when the reader is gone.
    int broken() const noexcept { return error_; }

    // Drops the waiting bytes; the stream is broken from now on, with ECANCELED.
    void abandon() { fail(ECANCELED); }
    // From now on: abandons the stream once the reader has taken nothing for so long.
    void abandon_after(std::chrono::nanoseconds grace);

    // Waits until the reader has taken all bytes written so far, or the stream is broken.
    boost::asio::awaitable<void> drained();

    // Calls `resume` soon after some bytes have been written or the stream broke; not when this
    // stream is destroyed first.
    void when_progress(std::function<void()> resume);

    static constexpr std::size_t congestion_limit = 256 * 1024;

  private:
    enum class Kind { direct, pollable, socket };

    void flush();
    long write_some(std::string_view text) noexcept;
    void wait_writable();
    int open_writable();
    void fail(int error);

    Timers& timers_;
    int fd_;
    Kind kind_;
    std::string buffer_;
    std::size_t written_ = 0;  // of buffer_
    // Bytes since the start.
    std::uint64_t accepted_ = 0;
    std::uint64_t taken_ = 0;
    bool waiting_ = false;  // for the descriptor to become writable
    int error_ = 0;
    boost::asio::posix::stream_descriptor writable_;  // readable when fd_ is writable
    std::unique_ptr<Timer> abandon_timer_;
    boost::asio::steady_timer progress_;  // never expires; cancelled to wake waiters
};

}  // namespace airy::work
