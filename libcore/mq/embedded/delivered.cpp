// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/embedded/delivered.hpp"

#include <utility>

#include "mq/embedded/codec.hpp"
#include "mq/embedded/table_fields.hpp"
#include "util/clock.hpp"

namespace airy::mq::embedded {

Delivered delivered_from(StoredMessage stored, const std::string& queue, bool quorum) {
    Delivered out;
    read_meta(stored.meta, out.message);
    out.queue = queue;
    out.message.exchange = std::move(stored.exchange);
    out.message.topic = std::move(stored.topic);
    out.message.body = std::move(stored.body);
    if (quorum && stored.deliveries > 0) {
        set_field(out.message.headers, "x-delivery-count", {stored.deliveries});
        out.message.has_headers = true;
    }
    out.redelivered = stored.deliveries > 0;
    out.returns = static_cast<unsigned>(quorum ? stored.deliveries : stored.deliveries > 0);
    out.received_at = util::system_clock().now();
    return out;
}

}  // namespace airy::mq::embedded
