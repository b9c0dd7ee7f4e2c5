// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "management_option.hpp"

#include "settings.hpp"
#include "util/error.hpp"

namespace airy::tools {

void ManagementOption::add(cli::App& app) {
    declare_setting(app, Setting::management_url, url).group("Broker");
    app.duration("--management-timeout", timeout,
                 "for each answer of RabbitMQ's management API; default 10s")
        .group("Broker");
}

void ManagementOption::apply(mq::Endpoint& endpoint) const {
    if (timeout <= std::chrono::nanoseconds(0))
        throw Error(ErrorKind::usage, "--management-timeout must be longer than 0s");
    endpoint.management_deadline = std::chrono::ceil<std::chrono::milliseconds>(timeout);
    endpoint.management_url = settings().value(Setting::management_url, url);
}

}  // namespace airy::tools
