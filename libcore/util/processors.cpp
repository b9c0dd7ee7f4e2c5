// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT
#include "util/processors.hpp"

#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>
#include <string_view>
#include <thread>
#include <vector>

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

// The hierarchies that may hold a CPU quota.
std::vector<Hierarchy> hierarchies(const std::string& root) {
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
        if (type == "cgroup2" || (type == "cgroup" && lists(options, "cpu")))
            found.push_back({type == "cgroup2", group, mount_point});
    }
    return found;
}

// The group of this process, as a path within the hierarchy: `0::/a/b`, or `4:cpu,cpuacct:/a/b`
// (cgroups(7)). Empty: it is in none.
std::string group_of_process(const std::string& root, bool second_version) {
    std::ifstream file(root + "/proc/self/cgroup");
    for (std::string line; std::getline(file, line);) {
        const auto first = line.find(':');
        const auto second = first == line.npos ? line.npos : line.find(':', first + 1);
        if (second == line.npos) continue;
        const auto controllers = std::string_view(line).substr(first + 1, second - first - 1);
        if (second_version ? controllers.empty() : lists(controllers, "cpu"))
            return line.substr(second + 1);
    }
    return {};
}

// `max 100000` and `50000 100000` of version 2, in microseconds.
std::optional<double> quota_of_version_2(const std::string& folder) {
    std::ifstream file(folder + "/cpu.max");
    double quota = 0;
    double period = 0;
    if (!(file >> quota >> period) || quota <= 0 || period <= 0) return std::nullopt;
    return quota / period;
}

// -1 is no quota.
std::optional<double> quota_of_version_1(const std::string& folder) {
    std::ifstream quota_file(folder + "/cpu.cfs_quota_us");
    std::ifstream period_file(folder + "/cpu.cfs_period_us");
    double quota = 0;
    double period = 0;
    if (!(quota_file >> quota) || !(period_file >> period) || quota <= 0 || period <= 0)
        return std::nullopt;
    return quota / period;
}

}  // namespace

std::optional<double> cpu_quota(const std::string& root) {
    std::optional<double> least;
    for (const auto& hierarchy : hierarchies(root)) {
        auto group = group_of_process(root, hierarchy.second_version);
        if (group.empty()) continue;
        // In a container, the mount point may show the container's own group as its root.
        if (hierarchy.group != "/" && group.starts_with(hierarchy.group))
            group.erase(0, hierarchy.group.size());
        // A quota holds for the groups below as well.
        for (;; group.erase(group.rfind('/'))) {
            while (group.ends_with('/'))
                group.pop_back();
            const auto folder = root + hierarchy.mount_point + group;
            const auto quota =
                hierarchy.second_version ? quota_of_version_2(folder) : quota_of_version_1(folder);
            if (quota) least = std::min(*quota, least.value_or(*quota));
            if (group.empty() || group[0] != '/') break;
        }
    }
    return least;
}

std::size_t usable_processors() {
    std::size_t count = std::max(1U, std::thread::hardware_concurrency());
    cpu_set_t allowed;
    // Fails on a machine of more than 1024 processors; the affinity of one is seldom narrow.
    if (::sched_getaffinity(0, sizeof allowed, &allowed) == 0)
        count = std::min(count, static_cast<std::size_t>(CPU_COUNT(&allowed)));
    if (const auto quota = cpu_quota())
        count = std::min(count, static_cast<std::size_t>(std::ceil(*quota)));
    return std::max<std::size_t>(1, count);
}

}  // namespace airy::util
