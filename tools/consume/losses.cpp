// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "consume/losses.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace airy::tools::consume {

std::string losses_of(std::string_view differences) {
    constexpr std::string_view endless = "no limit for a message that kills its consumer";
    constexpr std::pair<std::string_view, std::string_view> rows[] = {
        {"x-delivery-limit is ", endless},
        {"x-queue-type is not set", endless},  // then it is a classic queue
        {"type is classic", endless},
        {"x-dead-letter", "no dead letter by the broker itself"},
        {"durable", "no queue after a restart of the broker"},
        {"x-max-length", "no room for more than its limit"},
        {"x-message-ttl", "no message that waits for long"},
        {"x-expires", "no queue after a time without a consumer"},
        {"x-max-priority", "no such levels of priority"},
        {"x-single-active-consumer", "no one consumer that gets all messages"},
    };
    // "not set" or "none"
    const bool dropped = differences.find("x-dead-letter-exchange is no") != differences.npos;
    std::string losses;
    for (const auto& [property, loss] : rows) {
        const auto at = differences.find(property);
        if (at == differences.npos) continue;
        const auto value = differences.substr(at + property.size());
        const auto digits = std::min(value.find_first_not_of("0123456789"), value.size());
        const bool limited = loss == endless && digits > 0;
        const auto told =
            limited ? fmt::format("no delivery after {} failed ones{}", value.substr(0, digits),
                                  dropped ? ", when the queue drops the message" : "")
                    : std::string(loss);
        if (losses.find(told) == losses.npos) losses += (losses.empty() ? "" : ", ") + told;
    }
    return losses.empty() ? std::string() : "as it is, there is " + losses;
}

}  // namespace airy::tools::consume
