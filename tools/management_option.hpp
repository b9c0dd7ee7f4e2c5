// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <string>

#include "cli/app.hpp"
#include "mq/endpoint.hpp"

namespace airy::tools {

// `--management-url`, the address of RabbitMQ's management API, and `--management-timeout`.
struct ManagementOption {
    std::string url;  // from the command line; empty: not given there
    std::chrono::nanoseconds timeout = std::chrono::seconds(10);

    void add(cli::App& app);

    // Writes both into `endpoint`. Throws Error{usage}.
    void apply(mq::Endpoint& endpoint) const;
};

}  // namespace airy::tools
