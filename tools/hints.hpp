// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "util/error.hpp"

namespace airy::tools {

// The next step for the user of the command line: the error's own hint, and behind it the commands
// or options of airy that help with the error's reason. Empty when there is neither.
std::string hint_for(const Error& error);

// A word of a command line: in quotes where the shell would take it apart.
std::string shell_word(std::string_view text);

// The broker that the command line named, and no environment does: commands in hints name it too.
// Its password is masked.
void hints_name_broker(std::string_view masked_url);

}  // namespace airy::tools
