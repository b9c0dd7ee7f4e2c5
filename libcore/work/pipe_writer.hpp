// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "util/fd.hpp"

namespace airy::work {

// Writes into a pipe without ever blocking the loop: bytes that the reader does not take yet wait
// here. Loop thread only; SIGPIPE must be ignored. Shared by its owner and the pending completion
// handlers.
class PipeWriter : public std::enable_shared_from_this<PipeWriter> {
  public:
    explicit PipeWriter(boost::asio::io_context& loop) : loop_(loop), end_(loop) {}

    // Takes the pipe's write end, which must not block; 0 or an errno, and then may be called
    // again.
    int adopt(util::Fd& writing);
    // `unread` is called once, when the reader is gone.
    void begin(std::function<void()> unread);

    // Bytes appended here are written after the next `flush_soon`, which gathers those of one turn
    // of the loop.
    std::string& buffer() noexcept { return buffer_; }
    void flush_soon();

    // Closes the pipe once all bytes are written.
    void close_when_written();
    bool closing() const noexcept { return closing_; }
    // Closes the pipe at once, and calls nothing from now on.
    void close();

    // The bytes that were ever appended, and of these the ones that the reader has taken.
    std::uint64_t appended() const noexcept { return written_ + buffer_.size() - flushed_; }
    std::uint64_t taken() noexcept;

  private:
    void flush();
    void wait_writable();
    void reader_is_gone();

    boost::asio::io_context& loop_;
    boost::asio::posix::stream_descriptor end_;
    std::function<void()> unread_;
    std::string buffer_;
    std::size_t flushed_ = 0;    // of buffer_
    std::uint64_t written_ = 0;  // into the pipe
    bool flush_due_ = false;
    bool waiting_ = false;  // until the pipe takes more
    bool closing_ = false;
};

}  // namespace airy::work
