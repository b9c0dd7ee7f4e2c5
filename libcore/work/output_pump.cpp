// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "work/output_pump.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace airy::work {
namespace asio = boost::asio;
using asio::posix::stream_descriptor;
using boost::system::error_code;
namespace {

constexpr std::size_t read_size = 64 * 1024;
// Reads in a row from one pipe before others get their turn.
constexpr int reads_a_turn = 16;

}  // namespace

OutputPump::OutputPump(asio::io_context& loop, std::string_view prefix, OutputStream& to,
                       OutputCapture* capture)
    : end_(loop), lines_(prefix, line_limit), to_(to), capture_(capture) {}

int OutputPump::adopt(util::Fd& reading) {
    error_code error;
    end_.assign(reading.get(), error);
    if (error) return error.value();
    reading.release();
    return 0;
}

void OutputPump::begin(std::function<void()> closed) {
    closed_ = std::move(closed);
    pump();
}

void OutputPump::pump() {
    static thread_local std::array<char, read_size> chunk;
    for (int turn = 0; turn < reads_a_turn; ++turn) {
        if (!end_.is_open()) return;
        if (congested()) return arm();
        const auto n = ::read(end_.native_handle(), chunk.data(), chunk.size());
        if (n > 0) {
            due_ -= std::min(due_, static_cast<std::size_t>(n));
            pass_on(std::string_view(chunk.data(), static_cast<std::size_t>(n)));
        } else if (n < 0 && errno == EAGAIN) {
            return arm();
        } else if (n == 0 || errno != EINTR) {
            return close();
        }
    }
    arm();
}

void OutputPump::pass_on(std::string_view chunk) {
    if (capture_ != nullptr) return capture_->add(chunk);
    static thread_local std::string lines;
    lines.clear();
    lines_.feed(chunk, lines);
    to_.write(lines);
}

void OutputPump::arm() {
    if (armed_) return;
    armed_ = true;
    if (congested()) {
        to_.when_progress([self = shared_from_this()] {
            self->armed_ = false;
            self->pump();
        });
    } else {
        end_.async_wait(stream_descriptor::wait_read,
                        [self = shared_from_this()](const error_code& error) {
                            self->armed_ = false;
                            if (!error) self->pump();
                        });
    }
}

void OutputPump::writer_ended() {
    int unread = 0;
    if (!end_.is_open() || ::ioctl(end_.native_handle(), FIONREAD, &unread) != 0) return;
    due_ = static_cast<std::size_t>(unread);
    pump();
}

void OutputPump::close() {
    if (!end_.is_open()) return;
    due_ = 0;
    std::string rest;
    lines_.finish(rest);
    to_.write(rest);
    error_code ignored;
    end_.close(ignored);
    if (const auto closed = std::exchange(closed_, {})) closed();
}

}  // namespace airy::work
