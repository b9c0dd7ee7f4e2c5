// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "top/terminfo.hpp"

// <term.h> makes macros of everyday words, so this file is separate.
#include <curses.h>
#include <term.h>
#include <unistd.h>

#include "environment.hpp"
#include "util/error.hpp"
#include "util/text.hpp"

namespace airy::tools::top {
namespace {

constexpr const char* instead = "airy stats --watch 1s needs no such terminal";

// Empty where the terminal lacks the capability.
std::string capability(const char* name) {
    const char* text = ::tigetstr(const_cast<char*>(name));
    if (text == nullptr || text == reinterpret_cast<const char*>(-1)) return {};
    return text;
}

}  // namespace

std::string leaving_sequence() {
    const auto type = environment("TERM");
    if (!type)
        throw Error(ErrorKind::general, "top: TERM is not set, so the terminal is not known",
                    instead);
    int problem = 0;
    if (::setupterm(type->c_str(), STDOUT_FILENO, &problem) != 0)
        throw Error(ErrorKind::general,
                    "top: nothing is known of the terminal type '" + util::printable(*type) + "'",
                    instead);
    const bool able = !capability("cup").empty();
    const auto sequence =
        capability("sgr0") + capability("cnorm") + capability("rmkx") + capability("rmcup");
    ::del_curterm(::cur_term);
    if (!able)
        throw Error(
            ErrorKind::general,
            "top: a terminal of type '" + util::printable(*type) + "' cannot place its cursor",
            instead);
    return sequence;
}

}  // namespace airy::tools::top
