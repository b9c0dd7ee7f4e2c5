// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "cli/app.hpp"
#include "mq/endpoint.hpp"

namespace airy::tools {

// `--management-url`, the address of RabbitMQ's management API.
struct ManagementOption {
    std::string url;  // from the command line; empty: not given there

    void add(cli::App& app);

    // Writes the address into `endpoint`.
    void apply(mq::Endpoint& endpoint) const;
};

}  // namespace airy::tools
