// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <string>

namespace airy::tools {

// An environment variable that is set and not empty. Settings are looked up by settings.hpp.
std::optional<std::string> environment(const char* name);

}  // namespace airy::tools
