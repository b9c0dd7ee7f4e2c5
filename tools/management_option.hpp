// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "cli/app.hpp"
#include "mq/endpoint.hpp"

namespace airy::tools {

// `--management-url`, where RabbitMQ's management API is.
struct ManagementOption {
    std::string url;  // of the command line; empty: not given there

    void add(cli::App& app);

    // Says in `endpoint` where the API is.
    void apply(mq::Endpoint& endpoint) const;
};

}  // namespace airy::tools
