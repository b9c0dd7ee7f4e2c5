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

// Everything about one consumer: its figures, what runs, its last failures, its times. Begins at
// line `scroll`, which is put back to where the last line is the last of the screen.
std::vector<Line> details(const inspect::Consumer& consumer,
                          const std::vector<mq::QueueReport>& queues, const History& handled,
                          const Surroundings& around, Size size, Charset charset,
                          std::size_t& scroll);

}  // namespace airy::tools::top
