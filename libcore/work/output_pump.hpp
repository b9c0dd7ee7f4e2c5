// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "util/fd.hpp"
#include "work/lines.hpp"
#include "work/output.hpp"

namespace airy::work {

// Keeps the beginning of a command's output, up to one byte more than `most`.
struct OutputCapture {
    std::size_t most = 0;
    std::string bytes{};

    void add(std::string_view more) { bytes.append(more.substr(0, most + 1 - bytes.size())); }
    bool is_cut() const noexcept { return bytes.size() > most; }
};

// Passes the content of a pipe on to one of our own streams, as whole lines, or captures it. Stops
// reading while that stream is congested: then the pipe fills, and its writer waits. Loop thread
// only. Shared by its owner and the pending completion handlers.
class OutputPump : public std::enable_shared_from_this<OutputPump> {
  public:
    // Each line begins with `prefix`. `to` outlives this. With `capture`, which lives until
    // `close`, nothing goes to the stream.
    OutputPump(boost::asio::io_context& loop, std::string_view prefix, OutputStream& to,
               OutputCapture* capture = nullptr);

    // As LineSplitter::take_lines; call it before `begin`.
    void take_lines(LineSplitter::Takes takes) { lines_.take_lines(std::move(takes)); }

    // Takes the pipe's read end, which must not block; 0 or an errno, and then may be called again.
    int adopt(util::Fd& reading);

    // `closed` is called once, when the pipe's end is reached.
    void begin(std::function<void()> closed);

    // From now on only the bytes that are already in the pipe must be passed on.
    void writer_ended();
    bool passed_on() const noexcept { return due_ == 0; }

    bool open() const noexcept { return end_.is_open(); }
    // A last line without a line break gets one.
    void close();

    // The last line that was not empty, as LineSplitter tells it.
    const std::string& last_line() const noexcept { return lines_.last_line(); }

    static constexpr std::size_t line_limit = 64 * 1024;

  private:
    void pump();
    void pass_on(std::string_view chunk);
    bool congested() const noexcept { return capture_ == nullptr && to_.congested(); }
    void arm();

    boost::asio::posix::stream_descriptor end_;
    LineSplitter lines_;
    OutputStream& to_;
    OutputCapture* const capture_;
    std::function<void()> closed_;
    bool armed_ = false;   // a handler will call pump
    std::size_t due_ = 0;  // bytes in the pipe when its writer ended, not read yet
};

}  // namespace airy::work
