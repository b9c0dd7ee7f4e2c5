// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <vector>

#include "inspect/control_client.hpp"
#include "mq/inventory.hpp"
#include "top/frame.hpp"
#include "top/sparkline.hpp"

namespace airy::tools::top {

// Everything about one consumer: figures, running handlers, last failures, times. Begins at line
// `scroll`; a larger `scroll` is reduced so that the last line stays at the bottom of the screen.
std::vector<Line> details(const inspect::Consumer& consumer,
                          const std::vector<mq::QueueReport>& queues, const History& handled,
                          const Surroundings& around, Size size, Charset charset,
                          std::size_t& scroll);

}  // namespace airy::tools::top
