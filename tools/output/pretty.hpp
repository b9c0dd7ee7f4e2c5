// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "mq/subscription.hpp"

namespace airy::tools::output {

// One message for people: a line with time, topic and the unchanged body; nothing in it can move
// the cursor. Ends in a newline.
std::string pretty(const mq::Delivered& delivery, bool colour);

}  // namespace airy::tools::output
