// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "reconnect_option.hpp"

#include <fmt/core.h>

#include "util/error.hpp"
#include "util/text.hpp"

namespace airy::tools {

void ReconnectOption::add(cli::App& app) {
    const std::string group = "Broker";
    app.option("--max-reconnects", most,
               "give up after this many attempts to connect again; 0: none [no limit]")
        .type_name("N")
        .group(group);
    app.duration("--reconnect-for", within,
                 "give up when there is no connection for this long [no limit]")
        .group(group);
}

void ReconnectOption::apply(mq::Endpoint& endpoint) const {
    endpoint.reconnect.enabled = true;
    endpoint.reconnect.max_attempts = most;
    if (within) endpoint.reconnect.max_time = std::chrono::ceil<std::chrono::milliseconds>(*within);
}

std::string describe(const mq::Interrupted& event) {
    try {
        std::rethrow_exception(event.error);
    } catch (const std::exception& error) {
        return fmt::format("not connected: {}", util::printable(error.what(), 400));
    }
}

std::optional<int> connect_or_signal(util::SignalFd& signals,
                                     const std::function<void()>& connect) {
    try {
        connect();
    } catch (const Error&) {
        if (const auto signal = signals.take()) return signal;
        throw;
    }
    return std::nullopt;
}

}  // namespace airy::tools
