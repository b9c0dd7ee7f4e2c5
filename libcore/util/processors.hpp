// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace airy::util {

// How many processors this process may keep busy, at least 1: those that its affinity and its
// cpuset allow, and no more than its control groups' CPU quota, rounded up. Reads files, so a
// caller asks once. Any thread.
std::size_t usable_processors();

// The least CPU quota of the control groups of version 1 and 2 that this process is in, in
// processors, e.g. 0.5; nullopt: none has one. `root` stands before /proc and the mount points, for
// tests.
std::optional<double> cpu_quota(const std::string& root = {});

}  // namespace airy::util
