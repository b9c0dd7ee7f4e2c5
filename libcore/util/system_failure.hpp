// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>

#include "util/error.hpp"

namespace airy::util {

// The next step after a system call failed with this errno: names the limit that was reached. Empty
// where the reason is no limit. Any thread.
std::string limit_hint(int error);

// The subject of an error of this errno: `this_process` where this process, or its system, lacks
// something for the call, so that the other side is not to blame; else empty.
inline constexpr std::string_view this_process = "this process";
std::string blamed_for(int error);

// `action: reason`, e.g. "cannot make a pipe: Too many open files", with limit_hint, or `otherwise`
// where the reason is no limit, and blamed_for.
Error system_failure(std::string_view action, int error, ErrorKind kind = ErrorKind::general,
                     std::string_view otherwise = {});

}  // namespace airy::util
