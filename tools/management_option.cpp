// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "management_option.hpp"

#include "settings.hpp"

namespace airy::tools {

void ManagementOption::add(cli::App& app) {
    declare_setting(app, Setting::management_url, url).group("Broker");
}

void ManagementOption::apply(mq::Endpoint& endpoint) const {
    endpoint.management_url = settings().value(Setting::management_url, url);
}

}  // namespace airy::tools
