// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include "mq/broker.hpp"
#include "mq/copies/last_return.hpp"

// Looking into queues and moving their messages, on a broker of AMQP's kind: messages are taken,
// and given back or acknowledged. Contract: Broker::look_into and Broker::transfer.
namespace airy::mq::copies {

Look look_into(Broker& broker, const ReturnRule& rule, const std::string& queue,
               std::uint64_t limit, const std::function<bool(const Delivered&)>& see,
               util::SignalFd& signals);
Transferred transfer(Broker& broker, const ReturnRule& rule, const Transfer& what,
                     util::SignalFd& signals);

}  // namespace airy::mq::copies
