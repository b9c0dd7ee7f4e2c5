// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

namespace airy::tools::consume {

// What a queue with these differences from a work queue, in the words of Reason::differs, does not
// do: "as it is, there is no …". Empty when nothing is lost.
std::string losses_of(std::string_view differences);

}  // namespace airy::tools::consume
