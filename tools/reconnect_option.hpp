// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "cli/app.hpp"
#include "mq/endpoint.hpp"
#include "util/signals.hpp"

namespace airy::tools {

// The options of a long-running command for reconnecting.
struct ReconnectOption {
    std::optional<std::uint64_t> most;
    std::optional<std::chrono::nanoseconds> within;

    void add(cli::App& app);
    bool given() const noexcept { return most || within; }
    void apply(mq::Endpoint& endpoint) const;
};

// `not connected: REASON` in one line, for the commands that report it without a log.
std::string describe(const mq::Interrupted& event);

// Connects while Ctrl-C and SIGTERM are awaited: calls `connect`, which uses an endpoint whose
// interrupt_fd is that of `signals`. Returns the signal that ended it, if any.
std::optional<int> connect_or_signal(util::SignalFd& signals, const std::function<void()>& connect);

}  // namespace airy::tools
