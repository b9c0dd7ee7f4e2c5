// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <optional>

#include "work/handler.hpp"
#include "work/status.hpp"
#include "work/timers.hpp"

// A handler may keep processes, which come up before the first message is asked for. Main thread.
namespace airy::tools::consume {

// The limits of the wait for a handler.
struct ComingUp {
    int interrupt_fd = -1;
    std::optional<std::chrono::nanoseconds> patience{};
    // The answer to whoever asks for the consumer meanwhile, by its control socket.
    work::ConsumerStatus status{};
};

// Runs the loop until the handler has come up; false: an operator drained the consumer before.
// Throws the handler's error, Error{interrupted} once the descriptor is readable, or
// Error{timeout}.
bool come_up(boost::asio::io_context& loop, work::Timers& timers, work::Handler& handler,
             const ComingUp& limits);

// Has all that the handler runs end.
void end_all(boost::asio::io_context& loop, work::Handler& handler);

// Calls `step`, before any message is handled. When that throws, has all that the handler runs end,
// and throws on.
void with_handler(boost::asio::io_context& loop, work::Handler& handler,
                  const std::function<void()>& step);

}  // namespace airy::tools::consume
