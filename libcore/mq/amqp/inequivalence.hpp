// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "mq/topology.hpp"

namespace airy::mq::amqp {

// Reads from RabbitMQ's 406 the first property in which a queue differs from the declared one
// (`inequivalent arg 'x-max-length' for queue …: received … but current is …`), puts the queue's
// value into `spec`, and returns the difference in words: "x-max-length is 5, not 10". nullopt for
// another text, or for a property that a spec cannot express.
std::optional<std::string> adopt_difference(std::string_view text, QueueSpec& spec);

}  // namespace airy::mq::amqp
