// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "util/error.hpp"

namespace airy::tools {

// The next step for the user of the command line: the error's own hint, and behind it the commands
// or options of airy that help with the error's reason. Empty when there is neither.
std::string hint_for(const Error& error);

// Whether an error of Reason::differs is about a stream, which no work queue can be.
bool is_stream(const Error& differs) noexcept;

// A word of a command line: in quotes where the shell would take it apart.
std::string shell_word(std::string_view text);

// The options of this command line that name the broker, its management API and the exchange, which
// the environment does not: the commands in hints repeat those that they take.
struct Repeated {
    std::vector<std::string> broker;  // such as --url and its value, as words
    std::vector<std::string> management;
    std::vector<std::string> exchange;
    bool asks_for_password = false;  // `broker` has the word FILE in the place of a password
};

// The only instance; main thread only.
Repeated& repeated_in_hints() noexcept;

}  // namespace airy::tools
