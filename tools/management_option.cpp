// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "management_option.hpp"

#include "settings.hpp"

namespace airy::tools {

void ManagementOption::add(cli::App& app) {
    declare_setting(app, Setting::management_url, url).group("Broker");
}

std::optional<inspect::Management> ManagementOption::management(const mq::Endpoint& broker) const {
    if (!mq::speaks_amqp(broker.url)) return std::nullopt;
    return inspect::Management(broker, settings().value(Setting::management_url, url));
}

}  // namespace airy::tools
