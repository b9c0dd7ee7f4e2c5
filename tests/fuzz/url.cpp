// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "fuzz.hpp"
#include "mq/endpoint.hpp"

using namespace airy;

AIRY_FUZZ(text) {
    // Shown without its password, whatever it is.
    mq::masked_url(text);
    mq::url_without_password(text);
    const auto url = mq::parse_amqp_url(text);
    AIRY_MUST(!url.host.empty() && url.port != 0 && !url.vhost.empty());
    for (const auto& [host, port] : url.more_hosts)
        AIRY_MUST(!host.empty() && port != 0);
}
