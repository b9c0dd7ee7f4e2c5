// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "settings.hpp"

namespace airy::tools {

// Host and port of the broker as they stand in a URL: an IPv6 address in brackets.
struct BrokerAddress {
    std::string host;
    std::string port;
};

// From the settings `host` and `port`. Kubernetes sets MQ_PORT=tcp://HOST:PORT for a service named
// mq; its host counts where none is given. Throws Error{usage} that names the setting's variable.
BrokerAddress broker_address(const Settings& from);

}  // namespace airy::tools
