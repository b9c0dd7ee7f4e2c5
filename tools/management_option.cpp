// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "management_option.hpp"

#include "options.hpp"

namespace airy::tools {

void ManagementOption::add(cli::App& app) {
    app.option("--management-url", url,
               "RabbitMQ's management API (AIRY_MANAGEMENT_URL; default the broker's host, "
               "port 15672)")
        .type_name("URL")
        .group("Broker");
}

std::optional<inspect::Management> ManagementOption::management(const mq::Endpoint& broker) const {
    if (!mq::speaks_amqp(broker.url)) return std::nullopt;
    const auto named = url.empty() ? environment("AIRY_MANAGEMENT_URL").value_or("") : url;
    return inspect::Management(broker, named);
}

}  // namespace airy::tools
