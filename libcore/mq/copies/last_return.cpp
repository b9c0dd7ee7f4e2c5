// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/copies/last_return.hpp"

#include <chrono>

#include "mq/copies/letter.hpp"
#include "mq/outcome.hpp"
#include "util/error.hpp"
#include "util/log.hpp"

namespace airy::mq::copies {

bool LastReturn::copy(const Delivered& delivered) {
    constexpr std::chrono::seconds patience{30};
    const auto publish = [&](const event::Message& message) {
        const auto outcome =
            publish_one(*publisher_, message, std::chrono::steady_clock::now() + patience);
        return outcome && outcome->delivered();
    };
    try {
        if (!publisher_) publisher_ = broker_.publisher({});
        auto message =
            replaced(delivered.message, delivered.former_returns + delivered.returns, queue_);
        try {
            if (!publish(message)) return false;
        } catch (const Error& error) {
            // The headers fill a frame already.
            if (error.kind() != ErrorKind::invalid_event || !leave_out_optional(message)) throw;
            if (!publish(message)) return false;
        }
    } catch (const Error& error) {
        util::log_warn("cannot copy a message whose return would be one too many",
                       {{"queue", queue_}, {"reason", error.what()}});
        return false;
    }
    ++copied_;
    return true;
}

}  // namespace airy::mq::copies
