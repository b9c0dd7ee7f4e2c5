// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>

#include "event/message.hpp"

// The account of a message's deaths in its headers, as RabbitMQ writes it
// (https://www.rabbitmq.com/dlx.html#effects). Pure.
namespace airy::mq::embedded {

// Adds the death of the message in `queue` to its headers: to x-death, and the first time to
// x-first-death-*. Removes the message's expiration, so that it does not expire again. `seconds`
// since 1970. Without `keep_cc`, removes the header CC.
void add_death(event::Message& message, std::string_view queue, std::string_view reason,
               std::uint64_t seconds, bool keep_cc);

// Whether the message has died in this queue before, and no consumer has rejected it since. The
// broker drops such a message.
bool is_cycle(const event::HeaderTable& headers, std::string_view queue);

}  // namespace airy::mq::embedded
