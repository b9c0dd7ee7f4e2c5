// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/amqp/url.hpp"
#include "fuzz.hpp"

using namespace airy;

AIRY_FUZZ(text) {
    // A masked URL never shows the password, whatever the text.
    mq::amqp::masked_amqp_url(text);
    mq::amqp::without_password(text);
    const auto url = mq::amqp::parse_amqp_url(text);
    AIRY_MUST(!url.host.empty() && url.port != 0 && !url.vhost.empty());
    for (const auto& [host, port] : url.more_hosts)
        AIRY_MUST(!host.empty() && port != 0);
}
