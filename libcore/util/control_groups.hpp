// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace airy::util {

// The folder of a control group, in a hierarchy of version 1 or 2 (cgroups(7)).
struct ControlGroup {
    std::string folder;
    bool second_version = false;
};

// The control groups of this process in which `controller` (`cpu`, `pids`) may set a limit, from
// its own group up to the root of each hierarchy, since a limit holds for the groups below as well.
// `root` stands before /proc and the mount points, for tests. Reads files. Any thread.
std::vector<ControlGroup> control_groups(std::string_view controller, const std::string& root = {});

}  // namespace airy::util
