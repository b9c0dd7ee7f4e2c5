// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>

#include "event/message.hpp"

namespace airy::tools::publish {

// The header of a `--header` option: `NAME=VALUE`, a string, or `NAME:TYPE=VALUE`. Types are those
// of the message line, and int, bool, string, void and json. Throws Error{usage} that names the
// mistake.
event::HeaderField header_of(const std::string& option);

}  // namespace airy::tools::publish
