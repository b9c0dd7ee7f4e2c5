// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

#include "cli/app.hpp"
#include "inspect/management.hpp"

namespace airy::tools {

// `--management-url`, where RabbitMQ's management API is.
struct ManagementOption {
    std::string url;  // of the command line; empty: not given there

    void add(cli::App& app);

    // With the login of `broker`; none for one that is no RabbitMQ. Throws Error{usage}.
    std::optional<inspect::Management> management(const mq::Endpoint& broker) const;
};

}  // namespace airy::tools
