// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "util/control_groups.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

namespace airy::util {
namespace {

// A mounted hierarchy of control groups (proc_pid_mountinfo(5)).
struct Hierarchy {
    bool second_version = false;
    std::string group;  // of the hierarchy, which the mount point shows
    std::string mount_point;
};

bool lists(std::string_view words, std::string_view word) {
    while (!words.empty()) {
        const auto one = words.substr(0, words.find(','));
        if (one == word) return true;
        words.remove_prefix(std::min(words.size(), one.size() + 1));
    }
    return false;
}

// The hierarchies that may have the controller.
std::vector<Hierarchy> hierarchies(std::string_view controller, const std::string& root) {
    std::vector<Hierarchy> found;
    std::ifstream file(root + "/proc/self/mountinfo");
    for (std::string line; std::getline(file, line);) {
        const auto dash = line.find(" - ");
        if (dash == line.npos) continue;
        std::istringstream before(line.substr(0, dash));
        std::istringstream behind(line.substr(dash + 3));
        std::string id, parent, device, group, mount_point, type, source, options;
        before >> id >> parent >> device >> group >> mount_point;
        behind >> type >> source >> options;
        if (type == "cgroup2" || (type == "cgroup" && lists(options, controller)))
            found.push_back({type == "cgroup2", group, mount_point});
    }
    return found;
}

// The group of this process, as a path within the hierarchy: `0::/a/b`, or `4:cpu,cpuacct:/a/b`
// (cgroups(7)). Empty: it is in none.
std::string group_of_process(std::string_view controller, const std::string& root,
                             bool second_version) {
    std::ifstream file(root + "/proc/self/cgroup");
    for (std::string line; std::getline(file, line);) {
        const auto first = line.find(':');
        const auto second = first == line.npos ? line.npos : line.find(':', first + 1);
        if (second == line.npos) continue;
        const auto controllers = std::string_view(line).substr(first + 1, second - first - 1);
        if (second_version ? controllers.empty() : lists(controllers, controller))
            return line.substr(second + 1);
    }
    return {};
}

}  // namespace

std::vector<ControlGroup> control_groups(std::string_view controller, const std::string& root) {
    std::vector<ControlGroup> found;
    for (const auto& hierarchy : hierarchies(controller, root)) {
        auto group = group_of_process(controller, root, hierarchy.second_version);
        if (group.empty()) continue;
        // In a container, the mount point may show the container's own group as its root.
        if (hierarchy.group != "/" && group.starts_with(hierarchy.group))
            group.erase(0, hierarchy.group.size());
        for (;; group.erase(group.rfind('/'))) {
            while (group.ends_with('/'))
                group.pop_back();
            found.push_back({root + hierarchy.mount_point + group, hierarchy.second_version});
            if (group.empty() || group[0] != '/') break;
        }
    }
    return found;
}

}  // namespace airy::util
