// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <poll.h>

#include <span>

#include "util/clock.hpp"

namespace airy::net {

// poll(2) until one of the descriptors is ready or the time has come. Fills in `revents`, all 0 in
// the latter case.
void wait_for(std::span<pollfd> descriptors, util::SteadyTime until);

}  // namespace airy::net
