// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>

#include "work/handler.hpp"

// A handler may keep processes, which come up before the first message is asked for. Main thread.
namespace airy::tools::consume {

// Runs the loop until the handler has come up. Throws its error, or Error{interrupted} once
// `interrupt_fd` is readable.
void come_up(boost::asio::io_context& loop, work::Handler& handler, int interrupt_fd);

// Calls `step`, before any message is handled. When that throws, has all that the handler runs end,
// and throws on.
void with_handler(boost::asio::io_context& loop, work::Handler& handler,
                  const std::function<void()>& step);

}  // namespace airy::tools::consume
