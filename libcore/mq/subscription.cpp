// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/subscription.hpp"

#include <fmt/core.h>

#include "mq/capabilities.hpp"
#include "util/error.hpp"

namespace airy::mq {

void refuse_earlier_start(const SubscribeOptions& options, std::string_view broker) {
    if (std::holds_alternative<Now>(options.from)) return;
    const auto lacking = name_of(Capability::replay_from);
    throw Error(Reason::unsupported, fmt::format("{} lacks {}", broker, lacking))
        .about(std::string(lacking));
}

}  // namespace airy::mq
