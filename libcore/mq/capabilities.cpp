// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/capabilities.hpp"

namespace airy::mq {

std::string_view name_of(Capability capability) noexcept {
    switch (capability) {
        case Capability::login:
            return "logins";
        case Capability::delayed:
            return "delayed messages";
        case Capability::priority:
            return "priorities";
        case Capability::replay_from:
            return "reading from an earlier message";
        case Capability::peek:
            return "looking into queues";
        case Capability::purge:
            return "purging queues";
        case Capability::per_message_ttl:
            return "expirations of messages";
        case Capability::exclusive_queue:
            return "exclusive queues";
        case Capability::delivery_count:
            return "counts of deliveries";
        case Capability::dead_letter:
            return "dead letters";
        case Capability::stream_queue:
            return "stream queues";
        case Capability::inventory:
            return "a list of its queues";
        case Capability::rates:
            return "rates of its queues";
        case Capability::alarms:
            break;
    }
    return "alarms";
}

}  // namespace airy::mq
