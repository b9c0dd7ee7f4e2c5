// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/pipe_writer.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <cerrno>
#include <utility>

namespace airy::work {
namespace asio = boost::asio;
using asio::posix::stream_descriptor;
using boost::system::error_code;

namespace {

// An empty buffer of a large message gives its memory back.
constexpr std::size_t kept = 1024 * 1024;

}  // namespace

int PipeWriter::adopt(util::Fd& writing) {
    error_code error;
    end_.assign(writing.get(), error);
    if (error) return error.value();
    writing.release();
    return 0;
}

// A pipe without a reader is in error, also while nothing is written.
void PipeWriter::begin(std::function<void()> unread) {
    unread_ = std::move(unread);
    end_.async_wait(stream_descriptor::wait_error,
                    [self = shared_from_this()](const error_code& error) {
                        if (!error) self->reader_is_gone();
                    });
}

void PipeWriter::flush_soon() {
    if (flush_due_ || waiting_) return;
    flush_due_ = true;
    asio::post(loop_, [self = shared_from_this()] {
        self->flush_due_ = false;
        self->flush();
    });
}

void PipeWriter::flush() {
    while (end_.is_open() && flushed_ < buffer_.size()) {
        const auto n =
            ::write(end_.native_handle(), buffer_.data() + flushed_, buffer_.size() - flushed_);
        if (n > 0) {
            flushed_ += static_cast<std::size_t>(n);
            written_ += static_cast<std::uint64_t>(n);
        } else if (n < 0 && errno == EAGAIN) {
            break;
        } else if (n < 0 && errno != EINTR) {
            return reader_is_gone();
        }
    }
    // The rest is moved only when it is the smaller part.
    if (flushed_ >= buffer_.size() / 2) {
        buffer_.erase(0, flushed_);
        flushed_ = 0;
        if (buffer_.empty() && buffer_.capacity() > kept) buffer_.shrink_to_fit();
    }
    if (!end_.is_open()) return;
    if (!buffer_.empty())
        wait_writable();
    else if (closing_)
        close();
}

void PipeWriter::wait_writable() {
    if (waiting_) return;
    waiting_ = true;
    end_.async_wait(stream_descriptor::wait_write,
                    [self = shared_from_this()](const error_code& error) {
                        if (error) return;
                        self->waiting_ = false;
                        self->flush();
                    });
}

void PipeWriter::close_when_written() {
    closing_ = true;
    flush_soon();
}

void PipeWriter::close() {
    unread_ = {};
    error_code ignored;
    end_.close(ignored);
}

void PipeWriter::reader_is_gone() {
    const auto unread = std::exchange(unread_, {});
    if (unread) unread();
}

std::uint64_t PipeWriter::taken() noexcept {
    int unread = 0;
    if (!end_.is_open() || ::ioctl(end_.native_handle(), FIONREAD, &unread) != 0) return written_;
    return written_ - static_cast<std::uint64_t>(unread);
}

}  // namespace airy::work
