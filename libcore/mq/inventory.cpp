// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "mq/inventory.hpp"

namespace airy::mq {

std::string_view to_string(QueueSource source) noexcept {
    switch (source) {
        case QueueSource::management:
            return "management";
        case QueueSource::amqp:
            return "amqp";
        case QueueSource::broker:
            return "broker";
        case QueueSource::both:
            break;
    }
    return "management+amqp";
}

}  // namespace airy::mq
